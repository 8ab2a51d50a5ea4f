"""What several statements have in common is said once."""

from projections.storage.sql import filled, statements


def test_a_part_stands_in_for_its_text_and_parts_have_parts() -> None:
    found = statements(
        "-- name: inner\nb = 1\n\n-- name: filters\na = {inner}\n\n-- name: rows\nSELECT {filters} {other}\n",
        "q.sql",
    )
    assert found["rows"] == "SELECT a = b = 1 {other}"


def test_a_part_within_itself_ends() -> None:
    assert filled("{a}", {"a": "x{a}"}) == "x{a}"
