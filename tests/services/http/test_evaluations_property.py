"""Property: an evaluation ``as_of=T`` is that of a system that was given only the events until T."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import PartnerEvent
from services.embedded.postgres import EmbeddedPostgres
from services.intake.lanes import Lane
from tests.examples import examples
from tests.projections.kept import Kept, kept_on
from tests.projections.reading.worlds import (
    PARTNER,
    Told,
    events,
    happened,
    retold,
    unmarked,
    worlds,
)
from tests.services.http.conftest import Api, bearer, running

marks = (f"w{number:05}" for number in itertools.count())

OF_ASKING = {"as_of", "freshness", "links"}
"""What speaks of the question."""


class Telling:
    """A database into which worlds are told, and the API over it."""

    def __init__(self, kept: Kept, api: Api) -> None:
        self.api = api
        self._kept = kept
        self._lane: Lane = kept.desk.lane(PARTNER)

    def tell(self, told: Sequence[PartnerEvent]) -> None:
        """Stores the events in this order, applies what the catalogue said and adds up what was counted."""
        for event in told:
            self._kept.desk.send(self._lane, event)
        self._kept.settle()

    def evaluations(self, mark: str, **query: str) -> dict[str, Any]:
        """Every evaluation of a world, or the status of its absence."""
        places = [f"classes/{PARTNER}/{mark}{code}" for code in "ABC"]
        places += [f"packages/{PARTNER}/{mark}{code}" for code in "KL"]
        places += [f"institutions/{mark}{name}" for name in ("here", "there")]
        found = {}
        for place in places:
            answer = self.api.ask(f"/v1/{place}/evaluation", query, bearer())
            found[place] = answer.json() if answer.status_code == 200 else answer.status_code
        return dict(unmarked(found, mark))


@pytest.fixture(scope="module")
def telling(postgres_server: EmbeddedPostgres) -> Iterator[Telling]:
    with kept_on(postgres_server, "evaluated_worlds") as kept, running(kept.url) as api:
        yield Telling(kept, api)


def without(answer: Any, names: set[str]) -> Any:
    """The answer without some of its fields, at every depth."""
    if isinstance(answer, dict):
        return {name: without(part, names) for name, part in answer.items() if name not in names}
    return [without(part, names) for part in answer] if isinstance(answer, list) else answer


@pytest.mark.slow
@settings(
    max_examples=examples(40, 120),
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    world=st.one_of(worlds, retold),
    until=st.integers(0, 12),
    random=st.randoms(use_true_random=False),
)
def test_as_of_is_the_evaluation_of_a_system_that_knew_no_more(
    telling: Telling, world: list[Told], until: int, random: Any
) -> None:
    whole, part = next(marks), next(marks)
    told = events(world, whole)
    random.shuffle(told)
    telling.tell(told)
    telling.tell([event for event in events(world, part) if event.happened <= happened(until)])
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=happened(until))
    later = telling.evaluations(whole, as_of=as_of.isoformat())
    # How far answers are behind is looked up at most every half second, so the two may differ in it.
    known = telling.evaluations(part, as_of=as_of.isoformat())
    assert without(later, {"freshness"}) == without(known, {"freshness"})
    from_sums = telling.evaluations(part)
    assert without(later, OF_ASKING | {"silence"}) == without(from_sums, OF_ASKING | {"silence"})
