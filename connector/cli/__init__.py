"""The command line, `continuity`: one module per noun; `main` is where the program starts."""

from connector.cli.program import main

__all__ = ["main"]
