"""The command line. Each command parses, calls one function of ``engrave.api``, and prints; nothing is decided here."""

from engrave.cli.main import main

__all__ = ["main"]
