"""What a route refuses is said of a command's options; a database that is away is not the asker's fault."""

from http import HTTPStatus

import pytest
import typer

from services.cli.asking import answered
from services.http.away import DatabaseAway
from services.http.problems import Fault, Problem, unprocessable
from services.postgres.errors import DatabaseUnavailable


@pytest.mark.parametrize(
    ("problem", "sentence"),
    [
        (
            unprocessable(Fault("as_of", "is no time"), Fault("partner", "is none of: a")),
            "--as-of is no time; --partner is none of: a",
        ),
        (
            Problem(HTTPStatus.UNPROCESSABLE_ENTITY, "times in `JSON` are UTC"),
            "times in JSON are UTC",
        ),
    ],
)
def test_what_is_refused_is_said_of_the_options(problem: Problem, sentence: str) -> None:
    with pytest.raises(typer.BadParameter) as refused, answered():
        raise problem
    assert refused.value.message == sentence


def test_a_database_that_goes_away_in_the_middle_is_unavailable() -> None:
    with pytest.raises(DatabaseUnavailable, match="cannot be reached"), answered():
        raise DatabaseAway("The database cannot be reached.")
