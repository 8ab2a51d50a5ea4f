"""Folders of servers."""

from collections.abc import Iterator
from pathlib import Path
from tempfile import TemporaryDirectory

import pytest


@pytest.fixture
def tmp_path() -> Iterator[Path]:
    """A folder that is not below pytest's own, which another run of root's closes to PostgreSQL's user."""
    with TemporaryDirectory(prefix="tuntas-tests-") as folder:
        yield Path(folder)
