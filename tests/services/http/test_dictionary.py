"""docs/data-dictionary.md says what the types say."""

from pathlib import Path

from services.http.app import ROUTES
from services.http.columns import columns
from services.http.dictionary import data_dictionary, listed
from services.http.routing import LIST

DOCUMENT = Path(__file__).parents[3] / "docs" / "data-dictionary.md"


def test_the_data_dictionary_is_current() -> None:
    assert DOCUMENT.read_text(encoding="utf-8") == data_dictionary(ROUTES), (
        "write it anew: python -m services.http.dictionary > docs/data-dictionary.md"
    )


def test_every_column_has_a_meaning() -> None:
    unexplained = [
        (route.name, column.name)
        for route in ROUTES
        if route.media == LIST
        for column in columns(listed(route))
        if not column.meaning
    ]
    assert unexplained == []
    assert sum(route.media == LIST for route in ROUTES) >= 5
