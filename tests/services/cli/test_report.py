"""`tuntas report`: the season's evaluation as HTML and PDF, with the figures that the API answers."""

import os
import re
import subprocess
import sys
from collections.abc import Iterator
from datetime import datetime, timedelta, timezone
from html import unescape
from pathlib import Path
from typing import Any

import pytest

from domain.vocabulary import PARTNERS
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import Api, running

SEASON_EVENTS = 6_000


@pytest.fixture(scope="module")
def season_url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A database that holds a season; tests only read it."""
    url = postgres_server.create_database("season_of_report")
    kept = Kept(url)
    kept.tell(simulate(SEASON_EVENTS, seed=5))
    kept.settle()
    yield url
    postgres_server.drop_database("season_of_report")


@pytest.fixture(scope="module")
def season_api(season_url: str) -> Iterator[Api]:
    with running(season_url) as api:
        yield api


def run(database_url: str, *arguments: str) -> "subprocess.CompletedProcess[str]":
    return subprocess.run(
        [sys.executable, "-m", "services.cli", "report", *arguments],
        env={**os.environ, "TUNTAS_DATABASE_URL": database_url},
        capture_output=True,
        text=True,
        check=False,
    )


def cells(page: str) -> list[list[str]]:
    """Every row of every table, as texts."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    return [[unescape(c) for c in re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


@pytest.mark.parametrize(
    ("asked", "instant"),
    [((), None), (("--as-of", "2020-07-31"), "2020-07-31T23:59:59.999999+07:00")],
)
def test_the_report_tells_what_the_api_answers(
    season_url: str, season_api: Api, tmp_path: Path, asked: tuple[str, ...], instant: str | None
) -> None:
    page_file, pdf_file = tmp_path / "report.html", tmp_path / "report.pdf"
    ended = run(season_url, *asked, "--out", str(page_file), "--out", str(pdf_file))
    assert ended.returncode == 0, ended.stderr
    assert pdf_file.read_bytes().startswith(b"%PDF-")
    assert sorted(path.name for path in tmp_path.iterdir()) == ["report.html", "report.pdf"]
    page = page_file.read_text(encoding="utf-8")
    at = {} if instant is None else {"as_of": instant}
    names = (
        "purchased",
        "never_reported",
        "started",
        "completed",
        "assessed",
        "passed",
        "satisfied",
    )
    totals = dict.fromkeys(names, 0)
    table = cells(page)
    for partner, name in PARTNERS.items():
        of: dict[str, Any] = season_api.get(f"/v1/partners/{partner}/evaluation", **at)
        assert [name, *(f"{of[figure]:,}" for figure in names)] in table
        packages = of["packages"]
        assert any(
            row[:3] == [name, f"{packages['purchases']:,}", f"{packages['complete']:,}"]
            for row in table
        )
        assert [name, *(f"{number:,}" for number in of["flags"].values())] in table
        for figure in names:
            totals[figure] += of[figure]
    assert ["All", *(f"{totals[figure]:,}" for figure in names)] in table
    assert totals["purchased"] > 100
    if instant:
        assert "31 July 2020, 23:59 WIB" in page
        assert "--as-of 2020-07-31T16:59:59.999999Z" in page


def test_the_report_answers_its_question_and_says_what_it_knew(
    season_url: str, season_api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    ended = run(season_url, "--as-of", "2020-12-31", "--out", str(file))
    assert ended.returncode == 0, ended.stderr
    page = unescape(file.read_text(encoding="utf-8"))
    at = "2020-12-31T23:59:59.999999+07:00"
    partners = [season_api.get(f"/v1/partners/{each}/evaluation", as_of=at) for each in PARTNERS]
    of = {
        name: sum(each[name] for each in partners)
        for name in ("purchased", "completed", "assessed", "never_reported")
    }
    share = {name: f"{count / of['purchased']:.1%}" for name, count in of.items()}
    question = "Was every class that somebody bought completed, and was it assessed?</h2>"
    answer = (
        f"No: of {of['purchased']:,} purchased classes {of['completed']:,} ({share['completed']}) were completed and "
        f"{of['assessed']:,} ({share['assessed']}) assessed; on {of['never_reported']:,} ({share['never_reported']}) "
        "the partner never reported a word."
    )
    assert page.index(question) < page.index(answer)
    assert "They cannot be asked as they were known at an earlier time" in page
    lanes = season_api.get("/v1/intake")["items"]
    known = max(lane["last_read"] for lane in lanes)
    moment = datetime.fromisoformat(known).astimezone(timezone(timedelta(hours=7)))
    assert f"{moment.day} {moment:%B %Y, %H:%M:%S} WIB" in page
    table = cells(page)
    for partner, name in PARTNERS.items():
        mine = [lane for lane in lanes if lane["partner"] == partner]
        positions = ", ".join(f"{lane['partition']}: {lane['next_offset']}" for lane in mine)
        (row,) = [row for row in table if row[:1] == [name] and row[-1] == positions]
        assert row[1] == f"{sum(lane['accepted'] for lane in mine):,}"


def test_package_purchases_add_up(season_url: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    ended = run(season_url, "--out", str(file))
    assert ended.returncode == 0, ended.stderr
    table = cells(file.read_text(encoding="utf-8"))
    header = ["Partner", "purchases", "complete", "incomplete", "unresolved"]
    at = next(place for place, row in enumerate(table) if row[:5] == header)
    rows = [[int(cell.replace(",", "")) for cell in row[1:5]] for row in table[at + 1 : at + 10]]
    assert len(rows) == len(PARTNERS) + 1
    for purchases, *states in rows:
        assert purchases == sum(states)
    assert rows[-1] == [sum(column) for column in zip(*rows[:-1], strict=True)]
    assert min(rows[-1]) > 0


def test_institutions_are_ranked_by_what_is_certain(
    season_url: str, season_api: Api, tmp_path: Path
) -> None:
    file = tmp_path / "report.html"
    ended = run(season_url, "--out", str(file))
    assert ended.returncode == 0, ended.stderr
    page = unescape(file.read_text(encoding="utf-8"))
    table = cells(page)
    items = season_api.items("/v1/institutions")
    of = {item["institution"]: item["completed_of_started"] for item in items}
    assert {each["few"] for each in of.values()} == {True, False}
    at = next(place for place, row in enumerate(table) if row[:2] == ["Institution", "purchased"])
    rows = table[at + 1 : at + 1 + len(of)]
    ranked = [row[0].removesuffix(" (few)") for row in rows]
    lows = [of[name]["low"] for name in ranked]
    assert lows == sorted(lows, reverse=True)
    by_name = {item["institution"]: item for item in items}
    for name, row in zip(ranked, rows, strict=True):
        item = by_name[name]
        assert row[0].endswith(" (few)") is of[name]["few"] is (item["started"] < 30)
        assert row[1:-2] == [
            f"{item[each]:,}"
            for each in (
                "purchased",
                "never_reported",
                "started",
                "completed",
                "assessed",
                "passed",
            )
        ]
        share = item["completed"] / item["started"]
        ends = f"{of[name]['low'] * 100:.1f}–{of[name]['high']:.1%}"
        assert row[-2] == f"{share:.1%}"
        assert f">{share:.1%}</text>" in page
        assert f">{ends}</text>" in page


def test_one_partners_report_tells_of_no_other(season_url: str, tmp_path: Path) -> None:
    file = tmp_path / "report.html"
    ended = run(season_url, "--partner", "pintaria", "--out", str(file))
    assert ended.returncode == 0, ended.stderr
    page = file.read_text(encoding="utf-8")
    assert "Pintaria" in page
    assert not any(name in page for code, name in PARTNERS.items() if code != "pintaria")
    assert "--partner pintaria" in page


def test_a_season_without_events_has_a_report(database_url: str, tmp_path: Path) -> None:
    Kept(database_url)
    files = [tmp_path / "report.html", tmp_path / "report.pdf"]
    ended = run(database_url, *(word for file in files for word in ("--out", str(file))))
    assert ended.returncode == 0, ended.stderr
    assert "0 purchased classes" in files[0].read_text(encoding="utf-8")


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        (("--out", "report.docx"), "neither .html nor .pdf"),
        (("--out", "report.html", "--partner", "nobody"), "is none of: bukalapak"),
        (("--out", "report.html", "--as-of", "yesterday"), "--as-of"),
        (("--out", "report.html", "--language", "fr"), "is none of: id, en"),
    ],
)
def test_what_cannot_be_reported_leaves_no_file(
    season_url: str, tmp_path: Path, arguments: tuple[str, ...], sentence: str
) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "services.cli", "report", *arguments],
        env={
            **os.environ,
            "TUNTAS_DATABASE_URL": season_url,
            "PYTHONPATH": str(Path(__file__).parents[3]),
        },
        cwd=tmp_path,
        capture_output=True,
        text=True,
        check=False,
    )
    assert ended.returncode == 2
    assert sentence in " ".join(ended.stderr.replace("│", " ").split())
    assert list(tmp_path.iterdir()) == []
