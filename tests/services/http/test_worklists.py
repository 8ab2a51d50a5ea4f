"""Worklists over purchased classes: by participant, title and silence, in order of a time, now and as of then."""

from collections.abc import Callable, Sequence
from typing import Any

import pytest

from domain.events import (
    ClassAssessed,
    ClassCompleted,
    ClassProgressed,
    ClassPublished,
    Fact,
    PartnerEvent,
    PurchasePaid,
    PurchaseRefunded,
)
from projections.reading import watched
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

PATH = "/v1/purchased-classes"
ORDERS = ("purchased_at", "-purchased_at", "last_reported_at", "-last_reported_at")
DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""

Items = list[dict[str, Any]]


def time_of(item: dict[str, Any], by: str) -> str:
    """The time of an item; nothing stands before everything."""
    if by == "last_reported_at":
        return str(item["last_reported_at"] or "")
    return str(item["purchases"][0]["purchased_at"]) if item["purchases"] else ""


def ordered(items: Sequence[dict[str, Any]], order: str) -> Items:
    """Items that stand by partner, class and participant in an order of the contract: ties stay as they stand."""
    by = order.removeprefix("-")
    numbered = sorted(enumerate(items), key=lambda of: (time_of(of[1], by), of[0]))
    return [item for _, item in (reversed(numbered) if order.startswith("-") else numbered)]


def is_stalled(item: dict[str, Any], since: str) -> bool:
    return (
        item["purchase"] == "active"
        and item["completion"]["state"] != "completed"
        and item["assessment"]["state"] != "failed"
        and (item["last_reported_at"] is None or item["last_reported_at"] < since)
    )


@pytest.fixture(scope="module")
def listed(season_api: Api) -> Items:
    """The whole list as it stands, by partner, class and participant."""
    return season_api.items(PATH, limit=1000)


@pytest.mark.parametrize("order", ORDERS)
@pytest.mark.parametrize("limit", [7, 1000])
def test_an_order_has_every_item_once_page_by_page(
    season_api: Api, listed: Items, order: str, limit: int
) -> None:
    some = listed if limit == 1000 else [each for each in listed if each["partner"] == "pintaria"]
    query = {} if limit == 1000 else {"partner": "pintaria"}
    found = season_api.items(PATH, order=order, limit=limit, **query)
    assert found == ordered(some, order)


SEPTEMBER = "2020-09-01T00:00:00Z"

FILTERS: dict[str, tuple[dict[str, str], Callable[[dict[str, Any]], bool]]] = {
    "refunded": ({"purchase": "refunded"}, lambda item: item["purchase"] == "refunded"),
    "completed": (
        {"completion": "completed"},
        lambda item: item["completion"]["state"] == "completed",
    ),
    "silent": (
        {"completion": "never_reported"},
        lambda item: item["completion"]["state"] == "never_reported",
    ),
    "twice": ({"flag": "purchased_twice"}, lambda item: "purchased_twice" in item["flags"]),
    "from": (
        {"purchased_from": "2020-06-01T00:00:00Z"},
        lambda item: time_of(item, "purchased_at") >= "2020-06-01T00:00:00Z",
    ),
    "between": (
        {"purchased_from": "2020-06-01T00:00:00Z", "purchased_to": "2020-06-05T00:00:00Z"},
        lambda item: (
            "2020-06-01T00:00:00Z" <= time_of(item, "purchased_at") < "2020-06-05T00:00:00Z"
        ),
    ),
    "stalled": ({"stalled_since": SEPTEMBER}, lambda item: is_stalled(item, SEPTEMBER)),
    "stalled and refunded": (
        {"stalled_since": SEPTEMBER, "purchase": "refunded"},
        lambda _: False,
    ),
    "under way and stalled": (
        {"stalled_since": SEPTEMBER, "completion": "in_progress"},
        lambda item: is_stalled(item, SEPTEMBER) and item["completion"]["state"] == "in_progress",
    ),
}


@pytest.mark.parametrize("order", ["", *ORDERS])
@pytest.mark.parametrize("name", FILTERS)
def test_filters_narrow_every_order(season_api: Api, listed: Items, name: str, order: str) -> None:
    query, admits = FILTERS[name]
    wanted = [each for each in listed if admits(each)]
    if name != "stalled and refunded":
        assert wanted, "a filter that leaves nothing shows nothing"
    if order:
        query, wanted = query | {"order": order}, ordered(wanted, order)
    assert season_api.items(PATH, limit=97, **query) == wanted


@pytest.mark.parametrize("order", ["", "-purchased_at"])
def test_a_title_is_found_by_a_part_of_it_in_any_case(
    season_api: Api, listed: Items, order: str
) -> None:
    title = next(each["title"] for each in listed if each["title"] and " " in each["title"])
    word = max(title.split(), key=len)
    wanted = [each for each in listed if word.lower() in (each["title"] or "").lower()]
    assert 0 < len(wanted) < len(listed)
    query = {"order": order} if order else {}
    wanted = ordered(wanted, order) if order else wanted
    for part in (word, word.upper(), word.lower()):
        assert season_api.items(PATH, title=part, limit=50, **query) == wanted
    institution = wanted[0]["institution"]
    both = [each for each in wanted if each["institution"] == institution]
    assert season_api.items(PATH, title=word, institution=institution, **query) == both
    assert season_api.items(PATH, title=f"{word} that is not taught") == []


@pytest.mark.parametrize("order", ["", *ORDERS])
def test_a_participant_is_listed_across_partners(
    season_api: Api, listed: Items, order: str
) -> None:
    by_person: dict[str, Items] = {}
    for each in listed:
        by_person.setdefault(each["participant_id"], []).append(each)
    who, wanted = max(by_person.items(), key=lambda of: len({each["partner"] for each in of[1]}))
    assert len({each["partner"] for each in wanted}) > 1
    query = {"order": order} if order else {}
    wanted = ordered(wanted, order) if order else wanted
    assert season_api.items(PATH, participant_id=who, limit=1, **query) == wanted
    assert season_api.items(PATH, participant_id=who, partner="pintaria", **query) == [
        each for each in wanted if each["partner"] == "pintaria"
    ]
    assert season_api.items(PATH, participant_id="PRK-nobody", **query) == []


@pytest.mark.parametrize("order", ["", *ORDERS])
def test_a_partner_sees_its_own(season_api: Api, order: str) -> None:
    query = {"order": order} if order else {}
    own = season_api.items(PATH, TOKENS["sisnaker"], limit=100, **query)
    assert own == season_api.items(PATH, partner="sisnaker", limit=100, **query)
    assert {each["partner"] for each in own} == {"sisnaker"}
    assert season_api.status(PATH, TOKENS["sisnaker"], partner="pintaria", **query) == 403


@pytest.mark.parametrize("order", ORDERS)
def test_a_file_has_the_order_of_the_pages(season_api: Api, order: str) -> None:
    wanted = season_api.items(PATH, order=order, partner="tokopedia", limit=1000)
    query = {"order": order, "partner": "tokopedia"}
    answer = season_api.ask(PATH, query, bearer() | {"Accept": "text/csv"})
    header, *lines = answer.text.splitlines()
    where = header.split(",").index("participant_id")
    assert [line.split(",")[where] for line in lines] == [each["participant_id"] for each in wanted]


@pytest.mark.parametrize("instant", ["2020-06-20T00:00:00Z", "2020-09-01T00:00:00Z"])
@pytest.mark.parametrize("order", ORDERS)
def test_as_of_an_instant_the_order_is_that_of_then(
    season_api: Api, instant: str, order: str
) -> None:
    query = {"as_of": instant, "partner": "bukalapak"}
    then = season_api.items(PATH, limit=1000, **query)
    assert then
    assert season_api.items(PATH, limit=40, order=order, **query) == ordered(then, order)
    since = "2020-06-10T00:00:00Z"
    assert season_api.items(PATH, stalled_since=since, **query) == [
        each for each in then if is_stalled(each, since)
    ]


def test_as_of_then_the_title_of_then_decides(season_api: Api) -> None:
    instant = "2020-09-01T00:00:00Z"
    then = season_api.items(PATH, limit=1000, as_of=instant, partner="bukalapak")
    word = next(each["title"] for each in then if each["title"]).split()[-1].upper()
    assert season_api.items(PATH, as_of=instant, partner="bukalapak", title=word) == [
        each for each in then if word in (each["title"] or "").upper()
    ]


@pytest.mark.parametrize(
    "query",
    [
        {"order": "title"},
        {"order": "--purchased_at"},
        {"order": ""},
        {"stalled_since": "2020-09-01"},
        {"stalled_since": ""},
        {"title": ""},
        {"title": "\0"},
        {"participant_id": "x" * 257},
    ],
)
def test_what_cannot_be_understood_is_refused(season_api: Api, query: dict[str, str]) -> None:
    answer = season_api.ask(PATH, query, bearer())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    (fault,) = answer.json()["errors"]
    assert fault["parameter"] == next(iter(query))


def event(number: int, day: int, fact: Fact, who: str = "PRK-1") -> PartnerEvent:
    stream = f"c:{fact.class_code}" if isinstance(fact, ClassPublished) else f"p:{who}"
    return PartnerEvent("pintaria", f"e-{number}", MAY + day * DAY, stream, fact)


def test_word_at_the_very_instant_is_word_since_then(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    told: list[tuple[str, list[tuple[int, Fact]]]] = [
        ("silent", [(1, PurchasePaid("1", None, (("C-1", None),)))]),
        (
            "under way",
            [(1, PurchasePaid("2", None, (("C-1", None),))), (10, ClassProgressed("C-1", 40))],
        ),
        ("completed", [(1, PurchasePaid("3", None, (("C-1", None),))), (2, ClassCompleted("C-1"))]),
        (
            "failed",
            [
                (1, PurchasePaid("4", None, (("C-1", None),))),
                (2, ClassAssessed("C-1", "post_test", 1.0)),
            ],
        ),
        (
            "passed",
            [
                (1, PurchasePaid("5", None, (("C-1", None),))),
                (2, ClassAssessed("C-1", "post_test", 99.0)),
            ],
        ),
        ("refunded", [(1, PurchasePaid("6", None, (("C-1", None),))), (3, PurchaseRefunded("6"))]),
    ]
    numbers = iter(range(100))
    for who, events in told:
        desk.send(lane, *[event(next(numbers), day, fact, who) for day, fact in events])

    def stalled(since: str) -> set[str]:
        return {each["participant_id"] for each in api.items(PATH, stalled_since=since)}

    assert stalled("2020-05-11T00:00:00Z") == {"silent", "passed"}
    assert stalled("2020-05-11T00:00:00.000001Z") == {"silent", "passed", "under way"}
    assert stalled("2020-05-03T00:00:00Z") == {"silent"}


@pytest.mark.parametrize("order", ["purchased_at", "-purchased_at"])
@pytest.mark.parametrize("most", [0, 1_000])
@pytest.mark.parametrize(
    ("completion", "assessment"),
    [("in_progress", "passed"), ("in_progress", "failed"), ("completed", "failed")],
)
def test_two_states_that_few_rows_are_in_are_found_in_order(
    season_api: Api,
    listed: Items,
    monkeypatch: pytest.MonkeyPatch,
    *,
    order: str,
    most: int,
    completion: str,
    assessment: str,
) -> None:
    """However many are too many to be sorted, the list is the same."""
    wanted = [
        each
        for each in listed
        if (each["completion"]["state"], each["assessment"]["state"]) == (completion, assessment)
    ]
    assert wanted
    monkeypatch.setattr(watched, "FEW", most)
    query = {"completion": completion, "assessment": assessment, "order": order}
    assert season_api.items(PATH, limit=3, **query) == ordered(wanted, order)
    since = time_of(wanted[len(wanted) // 2], "purchased_at")
    late = [each for each in wanted if time_of(each, "purchased_at") >= since]
    found = season_api.items(PATH, limit=50, purchased_from=since, **query)
    assert found == ordered(late, order)


def test_nobody_was_assessed_on_whom_there_is_no_word(season_api: Api) -> None:
    query = {"completion": "never_reported", "assessment": "passed"}
    for order in ORDERS:
        assert season_api.items(PATH, order=order, **query) == []
    assert season_api.items(PATH, **query) == []


def test_what_is_not_followed_yet_has_its_place_in_the_order(desk: Desk, api: Api) -> None:
    lane = desk.lane("pintaria")
    numbers = iter(range(100))
    for person, day in (("PRK-1", 3), ("PRK-2", 1), ("PRK-3", 2)):
        bought = PurchasePaid(person, None, (("C-1", None),))
        desk.send(lane, event(next(numbers), day, bought, person))
        if person != "PRK-3":
            result = ClassAssessed("C-1", "post_test", 99.0)
            desk.send(lane, event(next(numbers), day + 1, result, person))
    desk.add_up()
    desk.send(lane, event(50, 9, ClassAssessed("C-1", "post_test", 99.0), "PRK-3"))
    desk.send(lane, event(51, 9, ClassCompleted("C-1"), "PRK-1"))
    query = {"completion": "in_progress", "assessment": "passed", "order": "-purchased_at"}
    assert [each["participant_id"] for each in api.items(PATH, **query)] == ["PRK-3", "PRK-2"]
