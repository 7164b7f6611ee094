"""The language of mapping files: its settings, what can be wrong with a file, and the way to its compiled form."""
