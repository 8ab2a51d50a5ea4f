"""A worker's tables, and what is announced of them."""

from collections.abc import Iterator

import pytest

from tests.services.intake.desk import Desk


@pytest.fixture
def desk(database_url: str) -> Iterator[Desk]:
    """One worker at a database of its own."""
    found = Desk(database_url)
    yield found
    found.session.close()
