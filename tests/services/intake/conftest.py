"""Workers on a database of their own."""

from collections.abc import Callable, Iterator

import pytest

from services.intake import writer
from tests.services.intake.desk import Desk


@pytest.fixture(autouse=True)
def _beside_from_the_first_event(monkeypatch: pytest.MonkeyPatch) -> None:
    """Batches of tests are small: here, too, PostgreSQL works on another thread than the judging."""
    monkeypatch.setattr(writer, "WORTH_A_THREAD", 1)


@pytest.fixture
def open_desk(database_url: str) -> Iterator[Callable[..., Desk]]:
    """A function that lets one more worker sit down at the database of this test."""
    desks: list[Desk] = []

    def another(*, cached_participants: int = 10_000) -> Desk:
        desks.append(Desk(database_url, cached_participants=cached_participants))
        return desks[-1]

    yield another
    for desk in desks:
        desk.session.close()


@pytest.fixture
def desk(open_desk: Callable[..., Desk]) -> Desk:
    """One worker."""
    return open_desk()
