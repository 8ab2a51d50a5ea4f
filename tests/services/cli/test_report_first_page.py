"""The report's first page answers the auditors' question in rupiah; in Indonesian every word, number and day is."""

import asyncio
import re
from collections.abc import Iterator, Sequence
from typing import Any

import msgspec
import pytest

import services.language.language as languages
from domain.vocabulary import PARTNERS
from services.cli.report import _document
from services.embedded.postgres import EmbeddedPostgres
from services.language.language import NO_BREAK, Language
from services.report.auditors import MOST_INSTITUTIONS
from services.report.document import Chart, Commands, Document, Figures, Paragraph, Table, Terms
from services.report.html import html
from services.report.pdf import last_pages, pdf
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import Api, running, settings_for

DAY = "2020-09-30"
END_OF_DAY = "2020-09-30T23:59:59.999999+07:00"


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    url = postgres_server.create_database("first_page")
    kept = Kept(url)
    kept.tell(simulate(4_000, seed=11))
    kept.settle()
    yield url
    kept.close()
    postgres_server.drop_database("first_page")


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[Api]:
    with running(url) as api:
        yield api


def told(url: str, code: str, as_of: str | None = DAY) -> Document:
    document = asyncio.run(_document(settings_for(url), None, as_of, code, lambda: None))
    assert isinstance(document, Document)
    return document


def row(name: str, of: Any) -> list[str]:
    """A row of the first page, from an answer's money."""
    by = of["net_by_completion"]
    unfinished = by["in_progress"] + by["never_reported"]
    return [
        name,
        f"{of['net']:,}",
        f"{unfinished:,}",
        f"{unfinished / of['net']:.1%}",
        f"{by['never_reported']:,}",
        f"{of['net_not_attended']:,}",
        f"{of['net_not_attended'] / of['net']:.1%}" if of["net_attended"] else "not known",
    ]


def test_the_first_page_says_what_was_paid_for_what_was_not_attended_or_finished(
    url: str, api: Api
) -> None:
    document = told(url, "en")
    assert document.title == (
        "How much was paid for classes that were not attended or not finished by 30 September 2020?"
    )
    answers = [api.get(f"/v1/partners/{each}/evaluation", as_of=END_OF_DAY) for each in PARTNERS]
    net = sum(each["money"]["net"] for each in answers)
    by = [each["money"]["net_by_completion"] for each in answers]
    unfinished = sum(each["in_progress"] + each["never_reported"] for each in by)
    unattended = sum(each["money"]["net_not_attended"] for each in answers)
    assert 0 < unfinished < net
    answer = document.answer.replace(NO_BREAK, " ")
    assert f"Of Rp {net:,} paid for classes and not refunded, Rp {unfinished:,}" in answer
    assert f"Rp {unattended:,}" in answer
    first = document.sections[0]
    figures, partners, chart, institutions, _ = first.blocks
    assert isinstance(figures, Figures)
    assert [each.note.split(" (")[0].replace(NO_BREAK, " ") for each in figures.of][:2] == [
        f"Rp {net:,}",
        f"Rp {unfinished:,}",
    ]
    assert isinstance(partners, Table)
    assert partners.rows[:-1] == [row(each["name"], each["money"]) for each in answers]
    known = {each[0]: each[-1] != "not known" for each in partners.rows}
    assert {name for name, is_known in known.items() if not is_known} == {
        "Bukalapak",
        "Sisnaker",
        "Tokopedia",
    }
    assert partners.rows[-1][:3] == ["All", f"{net:,}", f"{unfinished:,}"]
    assert isinstance(chart, Chart)
    assert "Sept 2020" in chart.svg
    assert f">{round(unfinished / 10**6):,}</text>" in chart.svg
    assert isinstance(institutions, Table)
    items = list(api.items("/v1/institutions", as_of=END_OF_DAY))
    rows = [row(each["institution"], each["money"]) for each in items if each["money"]["net"]]
    rows.sort(key=lambda each: (-int(each[2].replace(",", "")), each[0]))
    assert institutions.rows == rows[:MOST_INSTITUTIONS]
    every = document.sections[2].blocks[-1]
    assert isinstance(every, Table)
    assert every.rows == rows


@pytest.mark.parametrize("code", ["en", "id"])
def test_it_is_one_page_of_paper_and_the_rest_follows(url: str, code: str) -> None:
    document = told(url, code)
    pages = last_pages(document)
    assert pages[0] == 1
    assert pages[1] == 2
    assert pdf(document).startswith(b"%PDF-")


def test_an_instant_within_a_day_is_told_with_its_time(url: str) -> None:
    assert told(url, "id", "2020-09-30T10:30:00+07:00").title.endswith(
        "sampai 30 September 2020, 10.30 WIB?"
    )


def test_in_indonesian_numbers_and_days_are_indonesian(url: str) -> None:
    english, document = told(url, "en"), told(url, "id")
    assert document.title == (
        "Berapa yang dibayar untuk kelas yang tidak dihadiri atau tidak diselesaikan sampai 30 September 2020?"
    )
    page = html(document).decode()
    assert '<html lang="id">' in page
    assert "--language id" in page
    assert "--language" not in html(english).decode()
    said = {"not known": "tidak diketahui"}
    for one, other in zip(tables(english), tables(document), strict=True):
        assert [[said.get(cell, swapped(cell)) for cell in cells[1:]] for cells in one.rows] == [
            cells[1:] for cells in other.rows
        ]


def tables(document: Document) -> list[Table]:
    """Those of numbers only."""
    blocks = [block for section in document.sections for block in section.blocks]
    return [block for block in blocks if isinstance(block, Table) and not block.texts]


def swapped(number: str) -> str:
    return number.translate(str.maketrans(",.", ".,"))


class Marking(Language):
    """Puts every text of the catalogue into brackets, so that what was never looked up stands outside them."""

    def gettext(self, text: str) -> str:
        return f"⟦{super().gettext(text)}⟧"

    def ngettext(self, one: str, many: str, count: int) -> str:
        return f"⟦{super().ngettext(one, many, count)}⟧"


def test_every_word_is_looked_up(url: str, api: Api, monkeypatch: pytest.MonkeyPatch) -> None:
    marking = Marking("id")
    monkeypatch.setattr(languages, "language", lambda _: marking)
    document = told(url, "id")
    names = [*PARTNERS.values(), *(each["institution"] for each in api.items("/v1/institutions"))]
    plain = "|".join(map(re.escape, sorted(names, key=len, reverse=True)))
    allowed = re.compile(
        rf"{plain}|\b(Rp|juta|ribu|miliar|triliun|WIB|Jan|Feb|Mar|Apr|Mei|Jun|Jul|Agu|Sep|Okt|Nov|Des|Januari|Februari"
        r"|Maret|April|Juni|Juli|Agustus|September|Oktober|November|Desember)\b"
    )
    seen = 0
    for text in texts(document):
        outside = allowed.sub("", outside_brackets(text))
        assert not re.search(r"[A-Za-z]{2}", outside), text
        seen += "⟦" in text
    assert seen > 100


def outside_brackets(text: str) -> str:
    while text != (inner := re.sub(r"⟦[^⟦⟧]*⟧", "", text)):
        text = inner
    return text


def texts(document: Document) -> Iterator[str]:
    """Every text of a report, of its drawings, too, whole where it is cut; commands are for a terminal."""
    yield from (document.title, document.answer, document.subtitle, *document.facts)
    for section in document.sections:
        yield section.title
        for block in section.blocks:
            yield from _texts(block)


def _texts(block: Any) -> Sequence[str]:
    match block:
        case Paragraph():
            return [block.text]
        case Figures():
            return [part for each in block.of for part in (each.name, each.value, each.note)]
        case Chart():
            return [
                block.caption,
                *re.findall(r"<text[^>]*>(?:<title>)?([^<]*)<", block.svg),
            ]
        case Table():
            return [*block.header, *(cell for cells in block.rows for cell in cells)]
        case Terms():
            return [part for term in block.of for part in term]
        case Commands():
            return []
    raise AssertionError(msgspec.structs.asdict(block))
