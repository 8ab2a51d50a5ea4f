"""One question has one number: lists in every format, evaluations, pages and the report agree, now and as of a day."""

import asyncio
import csv
import io
import json
import re
from collections import Counter
from collections.abc import Callable, Iterator
from html import unescape
from typing import Any

import pyarrow.parquet as pq
import pytest

from domain.vocabulary import FLAGS, PARTNERS
from services.cli.report import _document
from services.embedded.postgres import EmbeddedPostgres
from services.http.negotiation import CSV, NDJSON, PARQUET
from services.language.language import language
from services.report.html import html
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import Api, bearer, running, settings_for
from tests.services.http.pages.reading import shown

DAY = "2020-09-15"
END_OF_DAY = "2020-09-15T23:59:59.999999+07:00"

CLASSES = "/v1/purchased-classes"
PACKAGES = "/v1/package-purchases"

FIGURES: dict[str, dict[str, str]] = {
    "purchased": {},
    "refunded": {"purchase": "refunded"},
    "never_reported": {"completion": "never_reported"},
    "completed": {"completion": "completed"},
    "passed": {"assessment": "passed"},
    "failed": {"assessment": "failed"},
    **{flag: {"flag": flag} for flag in FLAGS},
}
"""Figures of evaluations, and the filters that list what they count."""

RANKED_COLUMNS = 9
"""Of the report's ranking of institutions; its other tables of them have others."""

STATES: dict[str, dict[str, str]] = {
    "purchases": {},
    "complete": {"complete": "true"},
    "incomplete": {"complete": "false"},
    "unresolved": {"unresolved": "true"},
    "after_sales_end": {"after_sales_end": "true"},
}


@pytest.fixture(scope="module")
def url(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    url = postgres_server.create_database("one_number")
    kept = Kept(url)
    kept.tell(simulate(3_000, seed=16))
    kept.settle()
    yield url
    kept.close()
    postgres_server.drop_database("one_number")


@pytest.fixture(scope="module")
def api(url: str) -> Iterator[Api]:
    with running(url) as api:
        yield api


@pytest.fixture(params=[{}, {"as_of": END_OF_DAY}], ids=["now", "as of a day"])
def at(request: pytest.FixtureRequest) -> dict[str, str]:
    found: dict[str, str] = request.param
    return found


def by_json(api: Api, path: str, query: dict[str, str]) -> Counter[str]:
    return Counter(item["partner"] for item in api.items(path, limit=97, **query))


def by_csv(api: Api, path: str, query: dict[str, str]) -> Counter[str]:
    text = given(api, path, CSV, query).decode()
    return Counter(row["partner"] for row in csv.DictReader(io.StringIO(text)))


def by_ndjson(api: Api, path: str, query: dict[str, str]) -> Counter[str]:
    lines = given(api, path, NDJSON, query).decode().splitlines()
    return Counter(json.loads(line)["partner"] for line in lines)


def by_parquet(api: Api, path: str, query: dict[str, str]) -> Counter[str]:
    table = pq.read_table(io.BytesIO(given(api, path, PARQUET, query)))
    return Counter(table["partner"].to_pylist())


def given(api: Api, path: str, media: str, query: dict[str, str]) -> bytes:
    answer = api.ask(path, query, {**bearer(), "Accept": media})
    assert answer.status_code == 200, answer.text
    return answer.content


FORMATS: dict[str, Callable[[Api, str, dict[str, str]], Counter[str]]] = {
    "json": by_json,
    "csv": by_csv,
    "ndjson": by_ndjson,
    "parquet": by_parquet,
}


@pytest.mark.parametrize("name", FORMATS)
def test_every_format_lists_what_evaluations_count(api: Api, at: dict[str, str], name: str) -> None:
    told = {each: api.get(f"/v1/partners/{each}/evaluation", **at) for each in PARTNERS}
    listed = FORMATS[name]
    for figure, narrowed in FIGURES.items():
        counted = {p: (of["flags"] | of)[figure] for p, of in told.items()}
        assert listed(api, CLASSES, at | narrowed) == +Counter(counted), figure
    for state, narrowed in STATES.items():
        counted = {p: of["packages"][state] for p, of in told.items()}
        assert listed(api, PACKAGES, at | narrowed) == +Counter(counted), state


def test_headlines_and_their_formats_are_the_evaluations(api: Api, at: dict[str, str]) -> None:
    for path, key in (("/v1/partners", "partner"), ("/v1/institutions", "institution")):
        items = {item[key]: item for item in api.items(path, **at)}
        rows = csv.DictReader(io.StringIO(given(api, path, CSV, at).decode()))
        in_csv = {row[key]: row for row in rows}
        in_parquet = {
            row[key]: row
            for row in pq.read_table(io.BytesIO(given(api, path, PARQUET, at))).to_pylist()
        }
        assert items.keys() == in_csv.keys() == in_parquet.keys()
        for name, item in items.items():
            whole = api.get(item["evaluation"])
            for figure, value in item.items():
                if isinstance(value, int | dict):
                    assert whole[figure] == value, (name, figure)
                if isinstance(value, int):
                    assert in_csv[name][figure] == str(value)
                    assert in_parquet[name][figure] == value
                if isinstance(value, dict):
                    assert in_csv[name].get(figure, json.dumps(value, separators=(",", ":"))) == (
                        json.dumps(value, separators=(",", ":"))
                    )


def test_pages_and_report_tell_the_same(api: Api, url: str, at: dict[str, str]) -> None:
    day = {"as_of": DAY} if at else {}
    partners = api.items("/v1/partners", **at)
    names = ("purchased", "never_reported", "started", "completed", "assessed", "passed")
    total = {name: sum(item[name] for item in partners) for name in names}
    answer = (
        f"No: of {total['purchased']:,} purchased classes {total['completed']:,} "
        f"({total['completed'] / total['purchased']:.1%}) were completed and {total['assessed']:,} "
    )
    home = shown(api, "/", **day).text
    day_or_now = DAY if at else None
    document = asyncio.run(_document(settings_for(url), None, day_or_now, "en", lambda: None))
    report = unescape(html(document).decode())
    assert answer in home
    assert answer in report
    rows = cells(report)
    for item in partners:
        told = [f"{item[name]:,}" for name in names]
        assert " ".join([item["name"], *told]) in home
        assert any(row[:7] == [item["name"], *told] for row in rows), item["name"]
        whole = api.get(item["evaluation"])
        sold = [f"{whole['packages'][state]:,}" for state in list(STATES)[:4]]
        assert any(row[:5] == [item["name"], *sold] for row in rows)
        page = shown(api, f"/partners/{item['partner']}/evaluation", **day).text
        for name in names[1:]:
            assert f"{name.replace('_', ' ')} {item[name]:,}" in page
        for flag, count in whole["flags"].items():
            assert f"{language('en').words(flag)} {count:,}" in page
    sums = [f"{total[name]:,}" for name in names]
    assert " ".join(["All", *sums]) in home
    assert any(row[:7] == ["All", *sums] for row in rows)
    institutions = api.items("/v1/institutions", **at)
    text = shown(api, "/institutions", **day).text
    for item in institutions:
        if item["started"]:
            counts = [
                f"{item[name]:,}"
                for name in ("purchased", "never_reported", "started", "completed")
            ]
            assert " ".join(counts) in text
            ranked = [
                row
                for row in rows
                if len(row) == RANKED_COLUMNS
                and row[0].removesuffix(" (few)") == item["institution"]
            ]
            assert ranked
            assert {tuple(row[1:5]) for row in ranked} == {tuple(counts)}


def cells(page: str) -> list[list[str]]:
    """Every row of every table, as texts."""
    rows = re.findall(r"<tr[^>]*>(.*?)</tr>", page, re.DOTALL)
    return [[*re.findall(r"<t[hd][^>]*>(.*?)</t[hd]>", row)] for row in rows]


def test_the_season_asks_something(api: Api, at: dict[str, str]) -> None:
    """Every figure is somewhere more than nothing, so that agreeing says something."""
    told: list[Any] = [api.get(f"/v1/partners/{each}/evaluation", **at) for each in PARTNERS]
    for figure in FIGURES:
        assert sum((of["flags"] | of)[figure] for of in told), figure
    for state in STATES:
        assert sum(of["packages"][state] for of in told), state
