"""Property: sums over time are those of a system that was given only the events until the end of a day.

And they are what judging every row as of that instant counts: the two ways share nothing but the judgement of a class.
"""

import itertools
from collections.abc import Iterator
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec.structs import replace

from domain.days import DAY, day_of, end_of
from domain.events import PartnerEvent
from projections import catalogue
from projections.reading import evaluations_days
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.projections.kept import Kept, kept_on
from tests.projections.reading.worlds import START, Told, events, retold, worlds
from tests.services.http.conftest import Api, running
from tests.services.http.desk import SALES_END
from tests.services.http.test_evaluations_property import OF_ASKING, Telling, without

marks = (f"d{number:05}" for number in itertools.count())

HOURS = 5 * 24


@pytest.fixture(scope="module")
def telling(postgres_server: EmbeddedPostgres) -> Iterator[Telling]:
    with kept_on(postgres_server, "days_of_worlds") as kept, running(kept.url) as api:
        yield Telling(kept, api)


def instant(microseconds: int) -> str:
    return (datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=microseconds)).isoformat()


@pytest.mark.slow
@settings(
    max_examples=80,
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    world=st.one_of(worlds, retold),
    hours=st.lists(st.integers(0, HOURS), min_size=13, max_size=13),
    random=st.randoms(use_true_random=False),
    pieces=st.integers(1, 3),
)
def test_the_end_of_a_day_is_that_of_a_system_that_knew_no_more(
    telling: Telling, world: list[Told], hours: list[int], random: Any, pieces: int
) -> None:
    def timed(mark: str) -> list[PartnerEvent]:
        return [
            # Of what happens at once, the ids decide what comes first, and the two have other ids.
            replace(event, happened=START + hour * DAY // 24 + number)
            for number, (event, hour) in enumerate(zip(events(world, mark), hours, strict=False))
        ]

    whole, part = next(marks), next(marks)
    told = timed(whole)
    random.shuffle(told)
    for piece in range(pieces):
        telling.tell(told[piece::pieces])
    known = timed(part)
    chosen = random.choice(known).happened
    until = end_of(day_of(chosen)) if random.random() < 0.6 else chosen + random.randint(-1, 40)
    telling.tell([event for event in known if event.happened <= until])
    later = telling.evaluations(whole, as_of=instant(until))
    earlier = telling.evaluations(part, as_of=instant(until))
    assert without(later, {"freshness"}) == without(earlier, {"freshness"})
    now = telling.evaluations(part)
    assert without(later, OF_ASKING | {"silence"}) == without(now, OF_ASKING | {"silence"})


@pytest.fixture(scope="module")
def season(postgres_server: EmbeddedPostgres) -> Iterator[tuple[Kept, Api]]:
    """A season told in pieces, with the package sales end moved on the way."""
    with kept_on(postgres_server, "days_of_a_season") as kept:
        records = list(simulate(3_000, seed=21))
        kept.tell(records[:900])
        kept.settle()
        with kept.transaction() as work:
            catalogue.set_package_sales_end(work, SALES_END - 40 * DAY)
        kept.tell(records[900:], batch_records=400)
        kept.follow_days()
        kept.settle()
        with running(kept.url) as api:
            yield kept, api


def everything(api: Api, as_of: str) -> dict[str, Any]:
    """Every evaluation and both lists."""
    found: dict[str, Any] = {
        path: api.items(path, as_of=as_of) for path in ("/v1/partners", "/v1/institutions")
    }
    places = [f"partners/{item['partner']}" for item in found["/v1/partners"]]
    places += [item["evaluation"].removeprefix("/v1/") for item in found["/v1/institutions"]]
    for item in found["/v1/partners"][:3]:
        partner = item["partner"]
        silent = api.get(f"/v1/partners/{partner}/evaluation", as_of=as_of)["silence_by_class"]
        places += [f"classes/{partner}/{of['class_code']}" for of in silent[:3]]
        sold = api.items("/v1/package-purchases", partner=partner, as_of=as_of)
        places += sorted({f"packages/{partner}/{of['package_code']}" for of in sold})[:3]
    for place in places:
        path = f"/v1/{place.partition('/evaluation')[0]}/evaluation"
        found[path] = without(api.get(path, as_of=as_of), {"freshness"})
    return found


INSTANTS = [(days, 0) for days in (-70, -30, -1, 0, 1, 20, 75, 300)]
"""Days from the package sales end, and microseconds before the end of the day."""
INSTANTS += [(-40, DAY // 3), (-2, DAY - 1), (0, DAY // 2), (3, 500_000), (11, DAY * 3 // 4)]


@pytest.mark.parametrize(("days", "before"), INSTANTS)
def test_sums_over_time_are_what_every_row_says(
    season: tuple[Kept, Api], monkeypatch: pytest.MonkeyPatch, days: int, before: int
) -> None:
    _, api = season
    as_of = instant(end_of(day_of(SALES_END + days * DAY)) - before)
    summed = everything(api, as_of)

    async def only_rows(*_: object) -> None:
        return None

    monkeypatch.setattr(evaluations_days, "answering", only_rows)
    assert everything(api, as_of) == summed


def test_a_fortnight_has_purchases(season: tuple[Kept, Api]) -> None:
    _, api = season
    as_of = instant(end_of(day_of(SALES_END)))
    assert sum(item["purchased"] for item in api.items("/v1/partners", as_of=as_of)) > 100


def test_sums_that_do_not_follow_yet_are_not_asked(
    postgres_server: EmbeddedPostgres, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where more waits than may, and where the catalogue is another one, the rows answer."""
    with kept_on(postgres_server, "days_behind") as kept:
        records = list(simulate(2_000, seed=22))
        kept.tell(records[:600])
        kept.settle()
        with running(kept.url) as api:
            as_of = instant(end_of(day_of(SALES_END)))
            kept.tell(records[600:])
            ((waiting,),) = kept.rows(
                "SELECT sum(lane.position - coalesce(day_lane.position, 0))"
                " FROM ledger.lane LEFT JOIN projections.day_lane USING (lane_id)"
            )
            assert waiting > 500
            monkeypatch.setattr(evaluations_days, "MOST_BEHIND", 0)
            by_rows = everything(api, as_of)
            partner = by_rows["/v1/partners"][0]["partner"]
            path = f"/v1/partners/{partner}/evaluation"
            assert api.get(path, as_of=as_of)["freshness"]["events"] > 0
            kept.settle()
            assert everything(api, as_of) == by_rows
            assert api.get(path, as_of=as_of)["freshness"]["events"] == 0
            monkeypatch.undo()
            with kept.transaction() as work:
                catalogue.set_package_sales_end(work, SALES_END - 60 * DAY)
            kept.rejudge()
            moved = everything(api, as_of)
            kept.settle()
            assert everything(api, as_of) == moved
            assert moved != by_rows
