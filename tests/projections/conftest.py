"""Workers on a database of their own, to fill the tables with."""

from collections.abc import Callable, Iterator

import pytest

from tests.services.intake.desk import Desk


@pytest.fixture
def open_desk(database_url: str) -> Iterator[Callable[[], Desk]]:
    """A function that lets one more worker sit down at the database of this test."""
    desks: list[Desk] = []

    def another() -> Desk:
        desks.append(Desk(database_url))
        return desks[-1]

    yield another
    for desk in desks:
        desk.session.close()


@pytest.fixture
def desk(open_desk: Callable[[], Desk]) -> Desk:
    """One worker."""
    return open_desk()
