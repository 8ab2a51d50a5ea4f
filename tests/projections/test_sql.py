"""Named statements are read from .sql files."""

import sys
from importlib import import_module, invalidate_caches
from pathlib import Path

import pytest

from projections.storage.sql import load


@pytest.fixture
def package(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    (tmp_path / "queries_of_a_test").mkdir()
    (tmp_path / "queries_of_a_test" / "__init__.py").touch()
    monkeypatch.syspath_prepend(tmp_path)
    invalidate_caches()
    import_module("queries_of_a_test")
    monkeypatch.delitem(sys.modules, "queries_of_a_test")
    return tmp_path / "queries_of_a_test"


def loaded(package: Path, text: str) -> dict[str, str]:
    (package / "q.sql").write_text(text, encoding="utf-8")
    return dict(load(package.name, "q.sql"))


def test_statements_come_by_name_without_their_description(package: Path) -> None:
    text = "-- About the file.\n\n-- name: one\n-- 100 % described.\nSELECT 1\n\n-- name: two\nSELECT\n    2\n"
    assert loaded(package, text) == {"one": "SELECT 1", "two": "SELECT\n    2"}


@pytest.mark.parametrize(
    "text",
    [
        "SELECT 1\n-- name: late\nSELECT 2\n",
        "-- name: empty\n-- Only words.\n",
        "-- name: twice\nSELECT 1\n-- name: twice\nSELECT 2\n",
    ],
)
def test_a_file_that_is_not_clear_is_refused(package: Path, text: str) -> None:
    with pytest.raises(ValueError, match=r"q\.sql"):
        loaded(package, text)


def test_statements_cannot_be_changed(package: Path) -> None:
    (package / "q.sql").write_text("-- name: one\nSELECT 1\n", encoding="utf-8")
    statements = load(package.name, "q.sql")
    with pytest.raises(TypeError):
        statements["one"] = "SELECT 2"  # type: ignore[index]
