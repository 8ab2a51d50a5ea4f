"""Rupiah over HTTP: on rows, purchases and evaluations, now and as of any time."""

from typing import Any

from domain.events import (
    ClassAttended,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    EventVoided,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from services.simulator.expected import Expected
from tests.services.http.conftest import Api
from tests.services.http.desk import Desk

DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""


def event(number: int, fact: Fact, *, day: int = 0, who: str = "PRK-1") -> PartnerEvent:
    stream = f"p:{who}"
    if isinstance(fact, ClassPublished):
        stream = f"c:{fact.class_code}"
    if isinstance(fact, PackagePublished):
        stream = f"k:{fact.package_code}"
    return PartnerEvent("pintaria", f"e-{number}", MAY + day * DAY, stream, fact)


def purchases(api: Api, **query: str) -> list[Any]:
    return api.items("/v1/purchases", **query)


def test_a_package_s_amount_is_shared_when_the_package_is_known(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(lane, event(1, PurchasePaid("INV-1", "K-1", None, 100_000)))
    (sold,) = purchases(api)
    assert sold["money"] == {
        "paid": 0,
        "refunded": 0,
        "net": 0,
        "price_is": None,
        "unallocated": 100_000,
    }
    desk.add_up()
    evaluated = api.get("/v1/partners/pintaria/evaluation")["money"]
    assert (evaluated["paid"], evaluated["unallocated"]) == (0, 100_000)

    desk.send(lane, event(2, PackagePublished("K-1", "Paket", ("C-3", "C-1", "C-2"))))
    desk.follow_catalogue("pintaria")
    desk.add_up()
    (sold,) = purchases(api)
    assert sold["classes"] == [
        {"class_code": code, "price": price, "price_is": "allocated", "refunded_at": None}
        for code, price in (("C-3", 33_333), ("C-1", 33_334), ("C-2", 33_333))
    ]
    assert sold["money"]["paid"] == 100_000
    assert sold["money"]["unallocated"] == 0
    evaluated = api.get("/v1/partners/pintaria/evaluation")["money"]
    assert (evaluated["paid"], evaluated["allocated"], evaluated["unallocated"]) == (
        100_000,
        100_000,
        0,
    )


def test_what_was_paid_for_classes_not_finished_by_a_day(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    items = (("C-1", 300_000), ("C-2", 200_000))
    desk.send(
        lane,
        event(1, PurchasePaid("INV-1", None, items, 500_000)),
        event(2, ClassProgressed("C-1", 40), day=2),
        event(3, ClassCompleted("C-1"), day=5),
        event(4, PurchaseRefunded("INV-1", ("C-2",)), day=8),
        event(5, EventVoided("e-3", "sent by mistake"), day=11),
    )
    desk.add_up()

    def net(**query: str) -> dict[str, int]:
        found: dict[str, int] = api.get("/v1/partners/pintaria/evaluation", **query)["money"][
            "net_by_completion"
        ]
        return found

    silent = {"completed": 0, "in_progress": 0, "never_reported": 500_000}
    begun = {"completed": 0, "in_progress": 300_000, "never_reported": 200_000}
    done = {"completed": 300_000, "in_progress": 0, "never_reported": 200_000}
    refunded = {"completed": 300_000, "in_progress": 0, "never_reported": 0}
    withdrawn = {"completed": 0, "in_progress": 300_000, "never_reported": 0}
    for day, expected in ((1, silent), (4, begun), (7, done), (10, refunded), (12, withdrawn)):
        assert net(as_of=f"2020-05-{day + 1:02}T00:00:00Z") == expected, day
    assert net() == withdrawn
    rows = {row["class_code"]: row for row in api.items("/v1/purchased-classes")}
    assert rows["C-2"]["money"] == {
        "paid": 200_000,
        "refunded": 200_000,
        "net": 0,
        "price_is": "stated",
    }
    assert rows["C-1"]["last_reported_at"] == "2020-05-03T00:00:00Z"


def test_purchases_are_found_by_what_was_paid(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    one = (("C-1", 100_000),)
    desk.send(
        lane,
        event(1, PurchasePaid("INV-1", None, one, 100_000)),
        event(2, PurchasePaid("INV-2", None, one, 90_000), day=1, who="PRK-2"),
        event(3, PurchasePaid("INV-3", "K-1", None, 90_000), day=2, who="PRK-2"),
        event(4, PurchasePaid("INV-4", None, (("C-1", None),)), day=3, who="PRK-3"),
        event(5, PurchaseRefunded("INV-4"), day=4, who="PRK-3"),
    )

    def found(**query: str) -> list[str]:
        return [each["purchase_id"] for each in purchases(api, **query)]

    assert found() == ["INV-1", "INV-2", "INV-3", "INV-4"]
    assert found(limit="1") == ["INV-1", "INV-2", "INV-3", "INV-4"]
    assert found(amount_differs="true") == ["INV-2"]
    assert found(amount_differs="false") == ["INV-1", "INV-3", "INV-4"]
    assert found(refunded="true") == ["INV-4"]
    assert found(refunded="false") == ["INV-1", "INV-2", "INV-3"]
    assert found(refunded="true", as_of="2020-05-04T12:00:00Z") == []
    assert found(package_code="K-1") == ["INV-3"]
    assert found(participant_id="PRK-2", limit="1") == ["INV-2", "INV-3"]
    assert found(participant_id="PRK-2", package_code="K-1") == ["INV-3"]
    since, until = "2020-05-02T00:00:00Z", "2020-05-04T00:00:00Z"
    assert found(purchased_from=since, purchased_to=until) == ["INV-2", "INV-3"]
    assert found(as_of="2020-05-02T12:00:00Z") == ["INV-1", "INV-2"]
    assert found(partner="bukalapak") == []
    unpriced = purchases(api)[-1]
    assert unpriced["money"]["price_is"] == "unpriced"
    assert unpriced["classes"][0]["price"] is None


def test_a_season_s_purchases_cost_what_the_oracle_says(
    season_api: Api, expected: Expected
) -> None:
    wanted = {
        (each["partner"], each["purchase_id"], each["participant_id"]): each
        for each in expected.purchases
    }
    found = season_api.items("/v1/purchases")
    assert len(found) == len(wanted)
    for each in found:
        of_it = wanted[each["partner"], each["purchase_id"], each["participant_id"]]
        for name in ("purchased_at", "package_code", "amount", "amount_differs", "money"):
            assert each[name] == of_it[name], (each["purchase_id"], name)
        prices = [(of["class_code"], of["price"], of["price_is"]) for of in each["classes"]]
        assert sorted(prices) == sorted(
            (of["class_code"], of["price"], of["price_is"]) for of in of_it["classes"]
        )


def test_what_was_paid_for_classes_that_nobody_attended(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    desk.send(
        lane,
        event(1, ClassPublished("C-1", "Barista", "here")),
        event(2, PurchasePaid("INV-1", None, (("C-1", 400_000),), None)),
        event(3, PurchasePaid("INV-2", None, (("C-1", 300_000),), None), who="PRK-2"),
        event(4, ClassAttended("C-1", 2, "online", 45), day=3),
        event(5, EventVoided("e-4", "wrong person"), day=6),
        event(6, ClassAttended("C-1", 3, None, None), day=9),
    )
    desk.add_up()
    found = []
    for as_of in ("2020-05-03T00:00:00Z", "2020-05-05T00:00:00Z", "2020-05-08T00:00:00Z", None):
        query = {} if as_of is None else {"as_of": as_of}
        for path in ("partners/pintaria", "classes/pintaria/C-1", "institutions/here"):
            money = api.get(f"/v1/{path}/evaluation", **query)["money"]
            assert money["net_attended"] + money["net_not_attended"] == money["net"] == 700_000
        (listed,) = [of for of in api.items("/v1/partners", **query) if of["purchased"]]
        assert listed["money"] == money
        found.append(money["net_attended"])
    assert found == [0, 400_000, 0, 400_000]
