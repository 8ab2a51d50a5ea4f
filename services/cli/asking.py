"""Questions that a command asks as the HTTP API is asked them: what is refused is said of the command's options."""

from collections.abc import Iterator
from contextlib import contextmanager

import typer

from services.http.away import DatabaseAway
from services.http.problems import Problem
from services.postgres.errors import DatabaseUnavailable


@contextmanager
def answered() -> Iterator[None]:
    """A block that asks. Raises BadParameter for parameters that a route refuses, and DatabaseUnavailable."""
    try:
        yield
    except Problem as problem:
        raise typer.BadParameter(_of_options(problem)) from problem
    except DatabaseAway as away:
        raise DatabaseUnavailable(str(away)) from away


def _of_options(problem: Problem) -> str:
    if not problem.errors:
        return problem.detail.replace("`", "")
    faults = ((option(fault.parameter), fault.detail) for fault in problem.errors)
    return "; ".join(f"{name} {detail}" for name, detail in faults)


def option(parameter: str) -> str:
    """The option that gives a route's parameter, as it is typed."""
    return f"--{parameter.replace('_', '-')}"
