"""Property: what is answered ``as_of=T`` is what a system answers that was given only the events until T."""

import itertools
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from domain.events import (
    PACKAGE_STREAM,
    PARTICIPANT_STREAM,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from services.embedded.postgres import EmbeddedPostgres
from services.intake.lanes import Lane
from tests.examples import examples
from tests.projections.reading.worlds import (
    PACKAGES,
    PARTNER,
    Told,
    events,
    happened,
    retold,
    unmarked,
    worlds,
)
from tests.services.http.conftest import Api, bearer, running
from tests.services.http.desk import Desk

marks = (f"w{number:05}" for number in itertools.count())


class Telling:
    """A database into which worlds are told, and the API over it."""

    def __init__(self, desk: Desk, api: Api) -> None:
        self.api = api
        self._desk = desk
        self._lane: Lane = desk.lane(PARTNER)

    def tell(self, told: Sequence[PartnerEvent]) -> None:
        """Stores the events in this order and applies what the catalogue said."""
        for event in told:
            self._desk.send(self._lane, event)
        self._desk.follow_catalogue(PARTNER)

    def answers(self, mark: str, **query: str) -> dict[str, Any]:
        """Everything that the API says of a world."""
        get, items = self.api.get, self.api.items
        people = {
            name: get(f"/v1/participants/{mark}{name}/classes", **query)["items"]
            for name in ("one", "two")
        }
        listed = [
            # Of one class at one time, participants stand as they were met first.
            sorted(
                items("/v1/purchased-classes", class_code=mark + code, **query, **narrowed),
                key=lambda item: str(item["participant_id"]),
            )
            for code in "ABC"
            for narrowed in (
                {},
                {"purchase": "none"},
                {"completion": "completed"},
                {"assessment": "passed"},
                {"flag": "evidence_after_refund"},
                {"flag": "purchased_twice"},
                {"purchase": "refunded"},
                {"assessment": "assessed"},
                {"package_code": mark + "K"},
                {"package_code": mark + "L", "purchase": "active"},
                {"institution": mark + "here"},
                {"title": "TITLE 0.6"},
                {"stalled_since": "2020-06-20T00:00:00Z"},
                {"stalled_since": "2020-06-15T00:00:00Z", "order": "-purchased_at"},
                {"order": "purchased_at"},
                {"order": "-last_reported_at"},
            )
        ]
        packages = [
            items("/v1/package-purchases", package_code=mark + code, **query, **narrowed)
            for code in "KL"
            for narrowed in ({}, {"complete": "true"}, {"unresolved": "true"}, {"limit": "1"})
        ]
        bought = []
        for number in ("P1", "P2", "P3"):
            answer = self.api.ask(
                f"/v1/purchases/{PARTNER}/{mark}{number}",
                query,
                bearer(),
            ).json()
            bought.append({k: v for k, v in answer.items() if k not in ("as_of", "freshness")})
        found = {"people": people, "listed": listed, "packages": packages, "bought": bought}
        return dict(unmarked(found, mark))

    def check_histories(self, mark: str, **query: str) -> None:
        """The state after the last event of each history is the answer."""
        for name in ("one", "two"):
            for purchase in ("active", "refunded", "none"):
                path = f"/v1/participants/{mark}{name}/classes"
                for item in self.api.get(path, purchase=purchase, **query)["items"]:
                    history = self.api.get(item["history"], **query)["items"]
                    assert history[-1]["state"] == item


@pytest.fixture(scope="module")
def telling(postgres_server: EmbeddedPostgres) -> Iterator[Telling]:
    database_url = postgres_server.create_database("worlds_of_http")
    with running(database_url) as api:
        yield Telling(Desk(database_url), api)
    postgres_server.drop_database("worlds_of_http")


@pytest.mark.slow
@settings(
    max_examples=examples(15, 60),
    deadline=None,
    derandomize=True,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(
    world=st.one_of(worlds, retold),
    until=st.integers(0, 12),
    random=st.randoms(use_true_random=False),
)
def test_as_of_is_the_answer_of_a_system_that_knew_no_more(
    telling: Telling, world: list[Told], until: int, random: Any
) -> None:
    whole, part = next(marks), next(marks)
    told = events(world, whole)
    random.shuffle(told)
    telling.tell(told)
    telling.tell([event for event in events(world, part) if event.happened <= happened(until)])
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=happened(until))
    assert telling.answers(whole, as_of=as_of.isoformat()) == telling.answers(part)
    telling.check_histories(whole, as_of=as_of.isoformat())
    telling.check_histories(whole)


def test_a_withdrawn_purchase_of_a_package_published_later_counts_until_it_was_withdrawn(
    telling: Telling,
) -> None:
    mark = next(marks)
    paid, published, voided = events(
        [
            Told(PARTICIPANT_STREAM, "one", PurchasePaid("P1", "K")),
            Told(PACKAGE_STREAM, "K", PackagePublished("K", "package", PACKAGES["K"])),
            Told(PARTICIPANT_STREAM, "one", EventVoided("0", "a mistake")),
        ],
        mark,
    )
    telling.tell([paid, voided])
    telling.tell([published])
    as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=published.happened)
    then = telling.answers(mark, as_of=as_of.isoformat())
    assert [item["class_code"] for item in then["people"]["one"]] == ["A", "B"]
    assert [item["purchase_id"] for item in then["packages"][0]] == ["P1"]
    assert telling.answers(mark)["people"]["one"] == []


def test_of_two_buyers_under_one_id_the_first_has_it_until_that_payment_was_withdrawn(
    telling: Telling,
) -> None:
    mark = next(marks)
    told = events(
        [
            Told(PARTICIPANT_STREAM, "one", PurchasePaid("P1", "K")),
            Told(PARTICIPANT_STREAM, "two", PurchasePaid("P1", "K")),
            Told(PARTICIPANT_STREAM, "one", EventVoided("0", "a mistake")),
        ],
        mark,
    )
    telling.tell(told)
    buyers = []
    for event in told:
        as_of = datetime(1970, 1, 1, tzinfo=UTC) + timedelta(microseconds=event.happened)
        (bought, *_) = telling.answers(mark, as_of=as_of.isoformat())["bought"]
        buyers.append(bought["participant_id"])
    assert buyers == ["one", "one", "two"]
