"""A benchmark as a command, whose errors are printed as Python prints them."""

from collections.abc import Callable

import typer


def run(main: Callable[..., None]) -> None:
    """Runs ``main`` with the arguments of the command line, as its annotations name them."""
    app = typer.Typer(add_completion=False, pretty_exceptions_enable=False)
    app.command()(main)
    app()
