"""The commands of `tuntas`, put together."""

import errno
import sys
from collections.abc import Sequence
from importlib import import_module
from importlib.metadata import version
from typing import Annotated, Final

import typer

from services.kafka.failures import KafkaFailure, NotLetIn
from services.postgres.errors import PostgresError
from services.unworkable import AWAY_EXIT_CODE, REFUSED_EXIT_CODE, Unworkable

RUN: Final = "Run it"
EVENTS: Final = "Events"
LOOK: Final = "Look at it"

COMMANDS: Final = {
    "demo": ("demo", RUN),
    "up": ("up", RUN),
    "ingest": ("service", RUN),
    "project": ("service", RUN),
    "api": ("service", RUN),
    "migrate": ("migrate", RUN),
    "rebuild": ("rebuild", RUN),
    "lanes": ("lanes", RUN),
    "check": ("check", EVENTS),
    "publish": ("publish", EVENTS),
    "events": ("events", EVENTS),
    "redrive": ("redrive", EVENTS),
    "simulate": ("simulate", EVENTS),
    "status": ("status", LOOK),
    "health": ("health", LOOK),
    "export": ("export", LOOK),
    "report": ("report", LOOK),
    "settings": ("settings", LOOK),
    "partners": ("partners", RUN),
}
"""Of each command the file here that it is in, under its own name, and the heading of the help that lists it."""

FULL: Final = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EROFS, errno.EIO})
"""What a write of a file that nobody names fails by, such as standard output."""


def say_version(wanted: bool) -> None:
    """Prints the version and ends, when it is asked for."""
    if wanted:
        typer.echo(f"tuntas {version('tuntas')}")
        raise typer.Exit


def tuntas(
    _version: Annotated[
        bool,
        typer.Option("--version", callback=say_version, is_eager=True, help="Say the version."),
    ] = False,
) -> None:
    """Follow every purchased training class to its completion and assessment."""


def application(arguments: Sequence[str]) -> typer.Typer:
    """The command line for these arguments: where they begin with a command, that one alone, and otherwise all.

    So a command does not wait until what the others need is loaded.
    """
    app = typer.Typer(
        name="tuntas",
        no_args_is_help=True,
        pretty_exceptions_show_locals=False,
        rich_markup_mode="rich",
    )
    app.callback()(tuntas)
    first = arguments[0] if arguments else ""
    for name in (first,) if first in COMMANDS else COMMANDS:
        file, heading = COMMANDS[name]
        found = getattr(import_module(f"services.cli.{file}"), name)
        if isinstance(found, typer.Typer):
            app.add_typer(found, name=name, rich_help_panel=heading)
        else:
            app.command(name, rich_help_panel=heading)(found)
    return app


def main() -> None:
    """Runs the command line of this process. What cannot work is said in a sentence, with an exit code of its kind."""
    try:
        application(sys.argv[1:])()
    except Unworkable as problem:
        typer.secho(str(problem), fg="red", err=True)
        sys.exit(problem.exit_code)
    except NotLetIn as refused:
        typer.secho(str(refused), fg="red", err=True)
        sys.exit(REFUSED_EXIT_CODE)
    except (PostgresError, KafkaFailure) as failure:
        typer.secho(str(failure), fg="red", err=True)
        sys.exit(AWAY_EXIT_CODE)
    except OSError as error:
        if error.filename is None and error.errno not in FULL:
            raise
        name = "" if error.filename is None else f"{error.filename}: "
        typer.secho(f"{name}{error.strerror}.", fg="red", err=True)
        sys.exit(1)
