"""The core of continuity-connector: facts and rules first, then what happens, then the programs."""
