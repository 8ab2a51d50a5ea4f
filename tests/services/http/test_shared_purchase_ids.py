"""One purchase id for two participants is accepted and flagged, wherever the purchase is shown."""

from datetime import UTC, datetime

import pytest

from domain.events import (
    PARTICIPANT_STREAM,
    EventVoided,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from tests.services.http.conftest import Api
from tests.services.http.desk import Desk
from tests.services.http.pages.reading import shown

FLAG = "purchase_id_used_twice"
FIRST, SECOND, VOIDED = "PRK-000000001", "PRK-000000002", "PRK-000000003"


def at(day: int) -> int:
    return round(datetime(2020, 5, day, tzinfo=UTC).timestamp() * 1_000_000)


def paid(event_id: str, who: str, day: int, purchase_id: str) -> PartnerEvent:
    bought = PurchasePaid(purchase_id, "P-1", None)
    return PartnerEvent("tokopedia", event_id, at(day), PARTICIPANT_STREAM + who, bought)


@pytest.fixture
def shared(desk: Desk, api: Api) -> Api:
    """INV-1 of two people, the second from day 5 on; INV-2 of one; INV-3 of one, and of another until day 8."""
    lane = desk.lane("tokopedia")
    published = PackagePublished("P-1", "Paket", ("C-1", "C-2"))
    desk.send(lane, PartnerEvent("tokopedia", "pub", at(1), "package:P-1", published))
    desk.send(
        lane,
        paid("e-1", FIRST, 2, "INV-1"),
        paid("e-2", SECOND, 5, "INV-1"),
        paid("e-3", FIRST, 3, "INV-2"),
        paid("e-4", SECOND, 4, "INV-3"),
        paid("e-5", VOIDED, 6, "INV-3"),
        PartnerEvent(
            "tokopedia",
            "e-6",
            at(8),
            PARTICIPANT_STREAM + VOIDED,
            EventVoided("e-5", "salah peserta"),
        ),
    )
    desk.follow_catalogue("tokopedia")
    return api


def flagged(api: Api, **query: str) -> dict[tuple[str, str], list[str]]:
    items = api.items("/v1/package-purchases", **query)
    return {(item["purchase_id"], item["participant_id"]): item["flags"] for item in items}


def test_the_list_flags_each_of_them(shared: Api) -> None:
    assert flagged(shared) == {
        ("INV-1", FIRST): [FLAG],
        ("INV-1", SECOND): [FLAG],
        ("INV-2", FIRST): [],
        ("INV-3", SECOND): [],
    }
    assert flagged(shared, package_code="P-1", limit="1") == flagged(shared)


def test_the_list_flags_what_was_shared_by_then(shared: Api) -> None:
    assert flagged(shared, as_of="2020-05-04T12:00:00Z") == {
        ("INV-1", FIRST): [],
        ("INV-2", FIRST): [],
        ("INV-3", SECOND): [],
    }
    assert flagged(shared, as_of="2020-05-07T00:00:00Z") == {
        ("INV-1", FIRST): [FLAG],
        ("INV-1", SECOND): [FLAG],
        ("INV-2", FIRST): [],
        ("INV-3", SECOND): [FLAG],
        ("INV-3", VOIDED): [FLAG],
    }
    assert flagged(shared, as_of="2020-05-09T00:00:00Z") == flagged(shared)


@pytest.mark.parametrize(
    ("purchase_id", "query", "flags", "others"),
    [
        ("INV-1", {}, [FLAG], [SECOND]),
        ("INV-1", {"as_of": "2020-05-03T00:00:00Z"}, [], []),
        ("INV-2", {}, [], []),
        ("INV-3", {}, [], []),
        ("INV-3", {"as_of": "2020-05-07T00:00:00Z"}, [FLAG], [VOIDED]),
    ],
)
def test_one_purchase_says_so(
    shared: Api, purchase_id: str, query: dict[str, str], flags: list[str], others: list[str]
) -> None:
    path = f"/purchases/tokopedia/{purchase_id}"
    answer = shared.get(f"/v1{path}", **query)
    assert (answer["flags"], answer["other_participants"]) == (flags, others)
    page = shown(shared, path, **query)
    assert ("purchase id used for several participants" in page.text) is bool(flags)
    for other in others:
        assert other in page.text
    listed = shown(shared, "/package-purchases", **query)
    some = any(flagged(shared, **query).values())
    assert ("purchase id used for several participants" in listed.text) is some
