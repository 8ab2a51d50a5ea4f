"""Evaluations over time: each end is the evaluation as of then, and everything is what the oracle says."""

import csv
import io
import json
from collections.abc import Iterator, Sequence
from datetime import date
from typing import Any
from urllib.parse import quote

import pyarrow.parquet as pq
import pytest

from domain.days import DAY, date_of, day_of_date, end_of, first_day, next_first_day
from domain.events import ClassCompleted, ClassPublished, EventVoided, PurchasePaid
from projections.reading import evaluations_days
from projections.reading.series import Wanted
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord, simulate
from services.simulator.expected_series import expected_series, periods
from tests.end_to_end.proof import near, spoken_of
from tests.projections.kept import kept_on
from tests.services.http.conftest import TOKENS, Api, bearer, running
from tests.services.http.desk import Desk
from tests.services.http.test_money import event

FIRST, LAST = date(2020, 3, 1), date(2021, 1, 31)
COUNTS = ("purchased", "refunded", "started", "completed", "assessed", "passed", "failed")


class Season:
    """A season in a database, and the API over it."""

    def __init__(self, api: Api, records: Sequence[SimulatedRecord]) -> None:
        self.api = api
        self.records = records

    def series(self, path: Sequence[str], **query: str) -> list[Any]:
        names = "/".join(quote(name, safe="") for name in path)
        return self.api.items(f"/v1/{names}/series", **query)


@pytest.fixture(scope="module")
def season(postgres_server: EmbeddedPostgres) -> Iterator[Season]:
    with kept_on(postgres_server, "series_of_a_season") as kept:
        records = list(simulate(3_000, seed=23))
        for start in range(0, len(records), 1_000):
            kept.tell(records[start : start + 1_000])
            kept.settle()
        with running(kept.url) as api:
            yield Season(api, records)


@pytest.fixture
def by_rows(monkeypatch: pytest.MonkeyPatch) -> None:
    """No sums are asked."""

    async def never(*_: object) -> bool:
        return False

    monkeypatch.setattr(evaluations_days, "usable", never)


def check(season: Season, by: str, spans: list[tuple[date, date]], paths: int) -> None:
    """Of so many paths a kind, every period is as the oracle has it."""
    expected = expected_series(season.records, spans)
    seen: dict[str, int] = {}
    for path in sorted(expected, key=lambda path: str(hash(path[-1]))):
        if seen.setdefault(path[0], 0) < paths:
            seen[path[0]] += 1
            query = {"by": by, "from": spans[0][0].isoformat(), "to": spans[-1][1].isoformat()}
            found = season.series(path, limit="1000", **query)
            assert spoken_of(found, expected[path]) == near(expected[path]), path
    assert seen.keys() == {"classes", "packages", "institutions", "partners"}


def test_months_are_those_of_the_oracle(season: Season) -> None:
    check(season, "month", periods("month", FIRST, LAST), 60)


def test_weeks_and_days_are_those_of_the_oracle(season: Season) -> None:
    check(season, "week", periods("week", date(2020, 6, 3), date(2020, 7, 28)), 12)
    check(season, "day", periods("day", date(2020, 6, 27), date(2020, 7, 3)), 12)


@pytest.mark.usefixtures("by_rows")
def test_by_rows_they_are_the_same(season: Season) -> None:
    check(season, "month", periods("month", date(2020, 5, 1), date(2020, 9, 30)), 8)


def standing_of(evaluation: Any) -> Any:
    """Of an evaluation the counts and the money."""
    names = (*COUNTS, "never_reported", "satisfied", "reviewed", "rating_mean", "flags", "money")
    return {name: evaluation[name] for name in names}


@pytest.mark.parametrize("as_of", [None, "2020-08-19T11:00:00+07:00", "2020-09-30T23:59:59+07:00"])
def test_the_last_one_is_the_evaluation(season: Season, as_of: str | None) -> None:
    when = {} if as_of is None else {"as_of": as_of}
    partners = season.api.items("/v1/partners", **when)
    institutions = season.api.items("/v1/institutions", **when)[:5]
    paths: list[tuple[str, ...]] = [("partners", of["partner"]) for of in partners]
    paths += [("institutions", of["institution"]) for of in institutions]
    silent = season.api.get("/v1/partners/pintaria/evaluation", **when)["silence_by_class"]
    paths += [("classes", "pintaria", of["class_code"]) for of in silent[:4]]
    for path in paths:
        *_, last = season.series(path, by="week", limit="1000", **when)
        place = "/".join(quote(name, safe="") for name in path)
        evaluation = season.api.get(f"/v1/{place}/evaluation", **when)
        assert last["standing"] == standing_of(evaluation)
        if path[0] == "partners":
            assert last["packages"] == evaluation["packages"]


def test_what_happened_adds_up_to_what_stands(season: Season) -> None:
    days = season.series(("partners", "tokopedia"), by="day", limit="1000")
    months = season.series(("partners", "tokopedia"), by="month")
    assert len(days) > 250
    for series in (days, months):
        for name in COUNTS:
            assert sum(of["happened"][name] for of in series) == series[-1]["standing"][name]
        paid = sum(of["happened"]["money"]["paid"] for of in series)
        assert paid == series[-1]["standing"]["money"]["paid"] > 0
    assert months[-1]["standing"] == days[-1]["standing"]


def test_pages_make_up_the_whole(season: Season) -> None:
    path = "/v1/partners/pintaria/series"
    query = {"by": "day", "limit": "1000", "to": "2020-12-31"}
    whole = season.api.get(path, **query)["items"]
    found: list[Any] = []
    query["limit"] = "100"
    while True:
        page = season.api.get(path, **query)
        found += page["items"]
        if page["next_cursor"] is None:
            break
        query["cursor"] = page["next_cursor"]
    assert found == whole


def test_files_hold_the_same(season: Season) -> None:
    path = "/v1/partners/pintaria/series?by=month"
    items = season.api.get("/v1/partners/pintaria/series", by="month", limit="1000")["items"]

    def told(media: str) -> bytes:
        return season.api.ask(path, {}, bearer() | {"Accept": media}).content

    assert [json.loads(line) for line in told("application/x-ndjson").splitlines()] == items
    rows = list(csv.DictReader(io.StringIO(told("text/csv").decode())))
    assert [row["first_day"] for row in rows] == [of["first_day"] for of in items]
    assert [int(row["happened_money_paid"]) for row in rows] == [
        of["happened"]["money"]["paid"] for of in items
    ]
    table = pq.read_table(io.BytesIO(told("application/vnd.apache.parquet"))).to_pylist()
    assert [row["standing_completed"] for row in table] == [
        of["standing"]["completed"] for of in items
    ]
    assert [row["packages_purchases"] for row in table] == [
        of["packages"]["purchases"] for of in items
    ]


def test_periods_are_whole_and_begin_as_the_calendar_says() -> None:
    day = day_of_date(date(2020, 7, 1))
    assert first_day(day, "week") == day_of_date(date(2020, 6, 29))
    assert first_day(day + 30, "month") == day
    assert next_first_day(day, "month") == day_of_date(date(2020, 8, 1))
    assert next_first_day(day_of_date(date(2020, 12, 1)), "month") == day_of_date(date(2021, 1, 1))
    assert end_of(day) - end_of(day - 1) == DAY


@pytest.mark.parametrize(
    ("query", "days"),
    [
        ({"by": "week", "from": "2020-07-01", "to": "2020-07-12"}, ["2020-06-29", "2020-07-06"]),
        (
            {"by": "month", "from": "2020-07-31T18:00:00Z", "to": "2020-09-01T00:00:00+07:00"},
            ["2020-08-01"],
        ),
        ({"by": "day", "from": "2020-07-02", "to": "2020-07-01"}, []),
        ({"by": "week", "from": "2020-07-01", "as_of": "2020-07-07T00:00:00Z"}, None),
    ],
)
def test_from_and_to(season: Season, query: dict[str, str], days: list[str] | None) -> None:
    found = [of["first_day"] for of in season.series(("partners", "pintaria"), **query)]
    assert found == (["2020-06-29", "2020-07-06"] if days is None else days)


@pytest.mark.parametrize(
    "query",
    [
        {"by": "year"},
        {"from": "yesterday"},
        {"from": "2020-02-30"},
        {"to": "1066-10-14"},
        {"from": "2020-01-01T00:00:00"},
        {"by": "day", "from": "1990-01-01", "to": "2020-01-01"},
    ],
)
def test_what_cannot_be_understood_is_refused(season: Season, query: dict[str, str]) -> None:
    answer = season.api.ask("/v1/partners/pintaria/series", query, bearer())
    assert answer.status_code == 422, answer.text


def test_what_nobody_knows_is_not_found(season: Season) -> None:
    for path in ("classes/pintaria/X", "packages/pintaria/X", "institutions/X", "partners/X"):
        assert season.api.ask(f"/v1/{path}/series", {}, bearer()).status_code == 404
    for media in ("text/csv", "application/vnd.apache.parquet"):
        headers = bearer() | {"Accept": media}
        assert season.api.ask("/v1/institutions/X/series", {}, headers).status_code == 404


def test_a_partner_sees_its_own_share(season: Season) -> None:
    institutions = season.api.items("/v1/institutions")
    shared = next(of["institution"] for of in institutions if len(of["partners"]) > 1)
    path = f"/v1/institutions/{quote(shared, safe='')}/series"
    everybody = season.api.get(path, limit="1000")["items"][-1]["standing"]["purchased"]
    own = 0
    for partner in {p for of in institutions for p in of["partners"]}:
        answer = season.api.ask(path, {"limit": "1000"}, bearer(TOKENS[partner]))
        if answer.status_code == 200 and answer.json()["items"]:
            own += answer.json()["items"][-1]["standing"]["purchased"]
    assert own == everybody > 0
    refused = season.api.ask("/v1/partners/pintaria/series", {}, bearer(TOKENS["tokopedia"]))
    assert refused.status_code == 403


def test_a_withdrawn_purchase_is_taken_back_when_it_was_withdrawn(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(
        lane,
        event(1, ClassPublished("C-1", "Barista", "here")),
        event(2, PurchasePaid("INV-1", None, (("C-1", 400_000),), None), day=1),
        event(3, ClassCompleted("C-1"), day=40),
        event(4, EventVoided("e-2", "wrong person"), day=70),
    )
    desk.add_up()
    found = api.items("/v1/classes/pintaria/C-1/series", to="2020-08-01")
    assert [of["happened"]["purchased"] for of in found] == [1, 0, -1, 0]
    assert [of["happened"]["completed"] for of in found] == [0, 1, -1, 0]
    assert [of["happened"]["money"]["paid"] for of in found] == [400_000, 0, -400_000, 0]
    assert [of["standing"]["purchased"] for of in found] == [1, 1, 0, 0]
    assert found[0]["stood_at"] == "2020-05-31T16:59:59.999999Z"


def test_an_institution_that_teaches_nothing_any_more_has_its_past(desk: Desk, api: Api) -> None:
    desk.send(
        desk.lane("pintaria"),
        event(1, ClassPublished("C-1", "Barista", "lama")),
        event(2, PurchasePaid("INV-1", None, (("C-1", 400_000),), None), day=1),
        event(3, ClassPublished("C-1", "Barista", "baru"), day=40),
    )
    desk.add_up()
    for path, purchased in (("lama", [1, -1]), ("baru", [1])):
        found = api.items(f"/v1/institutions/{path}/series", to="2020-06-30")
        assert [of["happened"]["purchased"] for of in found] == purchased
        assert found[-1]["standing"]["purchased"] == (path == "baru")
    assert api.ask("/v1/institutions/lama/evaluation", None, bearer()).status_code == 404
    assert api.ask("/v1/institutions/nie/series", None, bearer()).status_code == 404


def test_freshness_counts_what_the_sums_do_not_follow(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(lane, event(1, PurchasePaid("INV-1", None, (("C-1", 400_000),), None), day=1))
    desk.add_up()
    path = "/v1/partners/pintaria/series"
    assert api.get(path)["freshness"]["events"] == 0
    desk.send(lane, event(2, ClassCompleted("C-1"), day=2))
    assert api.get(path)["freshness"]["events"] == 1
    desk.add_up()
    assert api.get(path)["items"][0]["standing"]["completed"] == 1


def test_only_the_periods_that_are_told_are_worked_out() -> None:
    first, last = day_of_date(date(2020, 4, 1)), day_of_date(date(2020, 12, 31))
    whole = Wanted("week", first, last, None, 0).periods(None)
    behind = date_of(whole[2][0]).isoformat()
    assert Wanted("week", first, last, None, 0, behind, 5).periods(None) == whole[3:8]
    assert Wanted("week", first, last, None, 0, date_of(last).isoformat()).periods(None) == []
