"""The command line: `tuntas`. One file a command; `main` is the entry point."""

from services.cli.app import main

__all__ = ["main"]
