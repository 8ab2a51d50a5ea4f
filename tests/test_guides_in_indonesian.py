"""The guides in Indonesian say what the English ones say: the same names, tables, examples and numbers."""

import re
from pathlib import Path

import pytest

DOCS = Path(__file__).parents[1] / "docs"
GUIDES = ("events", "evaluations", "pages")
CODE = re.compile(r"```.*?```", re.DOTALL)
NUMBER = re.compile(r"(?<![\w.,:])\d+(?:[.,]\d{3})*(?![\w:])")


def texts(guide: str) -> tuple[str, str]:
    """A guide in English and in Indonesian."""
    english, indonesian = DOCS / f"{guide}.md", DOCS / "id" / f"{guide}.md"
    return english.read_text(encoding="utf-8"), indonesian.read_text(encoding="utf-8")


def names(text: str) -> set[str]:
    """What is written as code within sentences and tables."""
    return {" ".join(name.split()) for name in re.findall(r"`([^`]+)`", CODE.sub("", text))}


def numbers(text: str) -> set[str]:
    prose = re.sub(r"`[^`]*`|\]\([^)]*\)", "", CODE.sub("", text))
    return {re.sub(r"\D", "", found) for found in NUMBER.findall(prose)}


def tables(text: str) -> list[list[str]]:
    """The rows of each table, by what is written as code in their first column."""
    rows = re.findall(r"^\|(.*?)\|.*\|$|^(?!\|)(.*)$", CODE.sub("", text), re.MULTILINE)
    found: list[list[str]] = [[]]
    for first, _ in rows:
        if first:
            found[-1].append(" ".join(re.findall(r"✱?`[^`]+`", first)))
        elif found[-1]:
            found.append([])
    return [table for table in found if table]


@pytest.mark.parametrize("guide", GUIDES)
def test_both_have_the_same_names_tables_and_examples(guide: str) -> None:
    english, indonesian = texts(guide)
    assert names(indonesian) == names(english)
    assert tables(indonesian) == tables(english)
    assert CODE.findall(indonesian) == CODE.findall(english)


@pytest.mark.parametrize("guide", GUIDES)
def test_both_have_the_same_headings_in_number_and_rank(guide: str) -> None:
    english, indonesian = (re.findall(r"^#+", text, re.MULTILINE) for text in texts(guide))
    assert indonesian == english


@pytest.mark.parametrize("guide", GUIDES)
def test_both_have_the_same_numbers(guide: str) -> None:
    english, indonesian = texts(guide)
    assert numbers(indonesian) ^ numbers(english) == set()


@pytest.mark.parametrize("guide", GUIDES)
def test_each_leads_to_the_other_and_every_link_to_a_file(guide: str) -> None:
    english, indonesian = texts(guide)
    assert f"(id/{guide}.md)" in english
    assert f"(../{guide}.md)" in indonesian
    for target in re.findall(r"\]\(([^)#]+)[^)]*\)", indonesian):
        assert target.startswith("https://") or (DOCS / "id" / target).exists(), target
