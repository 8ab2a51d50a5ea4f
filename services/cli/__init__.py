"""The command line: `tuntas`. One file a command; `main` is the entry point."""

import sys

INTERRUPTED_EXIT_CODE = 130
"""As shells have it for what Ctrl-C ended."""


def main() -> None:
    """Runs the command that the arguments name."""
    # Processes that a command starts import this module once more (multiprocessing, "spawn"): they need no commands.
    try:
        from services.cli.app import main as run  # noqa: PLC0415

        run()
    except KeyboardInterrupt:  # while it loads: the commands' own is typer's
        sys.exit(INTERRUPTED_EXIT_CODE)
