"""Cursors: each that a page gave is accepted, whatever it holds; any other is 422."""

from base64 import urlsafe_b64encode
from collections.abc import Iterator
from contextlib import suppress
from hashlib import blake2b
from typing import Any

import msgspec
import pytest
from hypothesis import HealthCheck, example, given, settings
from hypothesis import strategies as st

from domain.errors import Reason, Refusal
from domain.events import (
    PARTICIPANT_STREAM,
    ClassCompleted,
    ClassPublished,
    ClassReviewed,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from services.http import cursors
from services.http.app import ROUTES
from services.http.cursors import seal, unseal
from services.http.parameters import CURSOR
from services.http.problems import Problem
from services.http.routing import Route
from tests.services.http.conftest import Api, bearer, running
from tests.services.http.desk import Desk

IDS = ("😀" * 128, "𝔸" * 127 + "z", "é" * 128, "~" * 128)
INSTITUTIONS = ("😀" * 256, "€" * 256, "n" * 256)
WITH_CURSOR = [route for route in ROUTES if CURSOR in route.parameters]


@pytest.fixture(scope="module")
def api(postgres_server: Any) -> Iterator[Api]:
    """The longest names there may be."""
    database_url = postgres_server.create_database("longest_names")
    desk = Desk(database_url)
    lane = desk.lane("pijar-mahir")
    numbers = iter(range(1_000))

    def event(stream: str, fact: Any) -> PartnerEvent:
        number = next(numbers)
        return PartnerEvent("pijar-mahir", f"{number:0>128}", number, stream, fact)

    for number, name in enumerate(INSTITUTIONS):
        desk.send(lane, event(f"c:{IDS[number]}", ClassPublished(IDS[number], "T" * 1000, name)))
    for one in IDS:
        desk.send(lane, event(f"k:{one}", PackagePublished(one, "T", (one,))))
        for two in IDS[:2]:
            who = f"{PARTICIPANT_STREAM}{two}"
            desk.send(
                lane,
                event(who, PurchasePaid(f"{one[:64]}{two[:64]}", one)),
                event(who, ClassCompleted(one)),
                event(who, ClassReviewed(one, 5)),
                Refusal(Reason.NOT_JSON, "no"),
            )
    desk.follow_catalogue("pijar-mahir")
    desk.add_up()
    with running(database_url) as found:
        yield found
    desk.session.close()
    postgres_server.drop_database("longest_names")


def path_of(route: Route) -> str:
    return route.path.format(
        participant_id="%F0%9F%98%80" * 128,
        partner="pijar-mahir",
        class_code="%F0%9F%98%80" * 128,
        package_code="%F0%9F%98%80" * 128,
        institution="%F0%9F%98%80" * 256,
    )


def days_of(route: Route) -> dict[str, str]:
    """What keeps a series to a few periods: all that happens here is in January 1970."""
    series = any(each.name == "by" for each in route.parameters)
    return {"to": "1970-04-01"} if series else {}


@pytest.mark.parametrize("route", WITH_CURSOR, ids=lambda route: route.name)
def test_every_cursor_that_is_given_is_accepted(api: Api, route: Route) -> None:
    path, days = path_of(route), days_of(route)
    whole = api.get(path, limit=1000, **days)["items"]
    assert whole
    assert api.items(path, limit=1, **days) == whole
    filters = {
        "class_code": IDS[0],
        "package_code": IDS[0],
        "institution": INSTITUTIONS[0],
        "partner": "pijar-mahir",
    }
    orders = next((each.schema["enum"] for each in route.parameters if each.name == "order"), ())
    for order in orders:
        in_order = api.get(path, limit=1000, order=order)["items"]
        assert len(in_order) == len(whole)
        assert api.items(path, limit=1, order=order) == in_order
    narrowing = {each.name: filters[each.name] for each in route.parameters if each.name in filters}
    narrowing |= days
    assert api.items(path, limit=1, **narrowing) == api.get(path, **narrowing)["items"]


parts = st.one_of(
    st.integers(-(2**63), 2**64 - 1),
    st.sampled_from(
        [-(2**63), 2**31, 2**15, 2**63, 2**64 - 1, -1, 0, 1, 10**17, 253402300800000000]
    ),
    st.text(max_size=300),
    st.sampled_from(["", "\0", "a\0", "\ufffe", "😀" * 400, "'", "\\", "%"]),
)


@pytest.mark.parametrize("route", WITH_CURSOR, ids=lambda route: route.name)
@settings(
    max_examples=60,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(key=st.lists(parts, max_size=5), as_of=st.booleans())
@example(key=[2**31, "a", "b"], as_of=False)
@example(key=[1, "\0", "b"], as_of=False)
@example(key=[1, "\0", "b", "c"], as_of=False)
@example(key=["\0"], as_of=False)
@example(key=[10**18, 1, 1], as_of=False)
@example(key=[1, 2**40, 1], as_of=False)
@example(key=[1, 1, 2**63], as_of=False)
def test_a_forged_cursor_is_refused_or_understood(
    api: Api, route: Route, key: list[Any], as_of: bool
) -> None:
    path = path_of(route)
    query: dict[str, Any] = {}
    filters: dict[str, Any] = {"": None}
    if as_of and any(each.name == "as_of" for each in route.parameters):
        query["as_of"] = "2020-12-31T23:59:59Z"
        filters["as_of"] = 1_609_459_199_000_000
    answer = api.ask(path, {**query, "cursor": seal(path, filters, tuple(key))}, bearer())
    assert answer.status_code in {200, 422}, answer.text


def sealed(body: bytes) -> str:
    """A cursor whose seal is right, whatever stands in it."""
    question = msgspec.msgpack.encode(["/", []])
    digest = blake2b(question + body, digest_size=8, person=b"tuntas-cursor").digest()
    return urlsafe_b64encode(digest + body).decode().rstrip("=")


@given(body=st.binary(max_size=200))
@example(body=b"\xff" * 50)
@example(body=msgspec.msgpack.encode([1, [[[[[]]]]]]))
@example(body=b"\x92\x01\xdd\xff\xff\xff\xff")
@example(body=b"\x92\x01\x91\xa1\xff")
@example(body=msgspec.msgpack.encode([1, [True]]))
def test_what_stands_in_a_cursor_is_looked_at(body: bytes) -> None:
    with suppress(Problem):
        (part,) = unseal("/", {}, sealed(body), (cursors.PARTNER,))
        assert part in cursors.PARTNER


@pytest.mark.parametrize("cursor", ["x" * 8_193, "é", "a b", "A===", "\n", "AA\nAA", "+/+/"])
def test_what_is_no_cursor_is_refused(api: Api, cursor: str) -> None:
    answer = api.ask("/v1/purchased-classes", {"cursor": cursor}, bearer())
    assert answer.status_code == 422
