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
    """What is wrong, with options as they are typed."""
    if not problem.errors:
        return problem.detail.replace("`", "")
    return "; ".join(
        f"--{fault.parameter.replace('_', '-')} {fault.detail}" for fault in problem.errors
    )
