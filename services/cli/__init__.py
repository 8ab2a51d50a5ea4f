"""The command line: `tuntas`. One file a command; `main` is the entry point."""


def main() -> None:
    """Runs the command that the arguments name."""
    # Processes that a command starts import this module once more (multiprocessing, "spawn"): they need no commands.
    from services.cli.app import main as run  # noqa: PLC0415

    run()
