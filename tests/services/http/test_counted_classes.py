"""Lists leave no row out where they look only into classes of which something is counted."""

from collections.abc import Iterator
from typing import Any

import pytest

from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS
from projections.reading import counted_classes
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.projections.kept import Kept, kept_on
from tests.services.http.conftest import Api, running

FILTERS: list[dict[str, Any]] = [
    *({"completion": state} for state in COMPLETION_STATES),
    *({"assessment": state} for state in ASSESSMENT_STATES),
    *({"flag": flag} for flag in FLAGS),
    {"completion": "completed", "flag": "completed_without_assessment"},
    {"completion": "in_progress", "assessment": "failed", "limit": 7},
]
ALWAYS_RARE = 0


@pytest.fixture(scope="module")
def kept(postgres_server: EmbeddedPostgres) -> Iterator[Kept]:
    """A season of which the first half is added up and the second one is on its way."""
    with kept_on(postgres_server, "counted_classes") as kept:
        season = list(simulate(3_000, seed=5))
        kept.tell(season[:1_500])
        kept.settle()
        kept.tell(season[1_500:], batch_records=100)
        kept.rejudge()
        yield kept


@pytest.fixture(scope="module")
def half_added_up(kept: Kept) -> Iterator[Api]:
    with running(kept.url) as api:
        yield api


@pytest.mark.parametrize("filters", FILTERS, ids=str)
@pytest.mark.parametrize("most_waiting", [counted_classes.MOST_WAITING, 3])
def test_a_list_is_the_same_by_what_is_counted(
    kept: Kept,
    half_added_up: Api,
    monkeypatch: pytest.MonkeyPatch,
    filters: dict[str, Any],
    most_waiting: int,
) -> None:
    assert kept.rows("SELECT count(*) FROM projections.delta")[0][0] > 30
    monkeypatch.setattr(counted_classes, "RARE", ALWAYS_RARE)
    found = []
    for most in (-1, most_waiting):  # with -1 all rows are looked through
        monkeypatch.setattr(counted_classes, "MOST_WAITING", most)
        found.append(half_added_up.items("/v1/purchased-classes", **filters))
    assert found[0] == found[1]


def test_only_classes_of_which_something_is_counted_are_looked_into(
    kept: Kept, half_added_up: Api, monkeypatch: pytest.MonkeyPatch
) -> None:
    looked: set[str] = set()
    whole = counted_classes.classes_with

    async def classes_with(session: Any, partner_id: int, state: str) -> list[str] | None:
        codes = await whole(session, partner_id, state)
        assert codes is not None
        looked.update(codes)
        return codes

    monkeypatch.setattr("projections.reading.purchased_classes.classes_with", classes_with)
    monkeypatch.setattr(counted_classes, "RARE", ALWAYS_RARE)
    query = {"completion": "never_reported", "partner": "pintaria"}
    items = half_added_up.items("/v1/purchased-classes", **query)
    assert {item["class_code"] for item in items} <= looked
    ((classes,),) = kept.rows("SELECT count(*) FROM projections.class WHERE partner_id = 4")
    assert 0 < len(looked) < classes
