"""Lists of classes and packages: every one with its headline figures, narrowed, in any order, now and as of then."""

from collections.abc import Iterator, Sequence
from typing import Any

import pytest

from domain.events import (
    ClassCompleted,
    ClassPublished,
    Fact,
    PackagePublished,
    PartnerEvent,
    PurchasePaid,
)
from services.simulator.expected import Expected
from tests.services.http.conftest import TOKENS, Api, bearer
from tests.services.http.desk import Desk

DAY = 86_400_000_000
MAY = 1_588_291_200_000_000
"""2020-05-01T00:00:00Z."""
INSTANT = "2020-09-01T00:00:00Z"
Items = list[dict[str, Any]]


def flat(item: dict[str, Any]) -> Iterator[tuple[str, Any]]:
    for name, value in item.items():
        if isinstance(value, dict):
            for part, within in flat(value):
                yield f"{name}_{part}", within
        else:
            yield name, value


@pytest.fixture(scope="module")
def partners(season_api: Api) -> list[str]:
    return [each["partner"] for each in season_api.get("/v1/partners")["items"]]


@pytest.fixture(scope="module")
def classes(season_api: Api) -> Items:
    return season_api.items("/v1/classes", limit=1000)


@pytest.fixture(scope="module")
def packages(season_api: Api) -> Items:
    return season_api.items("/v1/packages", limit=1000)


def test_every_class_that_was_published_or_purchased_is_listed(
    classes: Items, expected: Expected, partners: list[str]
) -> None:
    purchased = {
        (each["partner"], each["class_code"])
        for each in expected.purchased_classes
        if each["purchase"] != "none"
    }
    listed = [(each["partner"], each["class_code"]) for each in classes]
    assert listed == sorted(listed, key=lambda of: (partners.index(of[0]), of[1]))
    assert len(set(listed)) == len(listed)
    assert purchased <= set(listed)
    assert all(each["title"] or each["purchased"] for each in classes)
    assert any(each["purchased"] == 0 for each in classes) or purchased == set(listed)


def test_a_classs_figures_are_those_of_its_evaluation(season_api: Api, classes: Items) -> None:
    for item in classes[::11]:
        evaluation = season_api.get(item["evaluation"])
        shared = item.keys() - {"evaluation"}
        assert {name: item[name] for name in shared} == {name: evaluation[name] for name in shared}


def test_a_packages_figures_are_those_of_its_evaluation(season_api: Api, packages: Items) -> None:
    assert any(item["sold"] for item in packages)
    for item in packages:
        evaluation = season_api.get(item["evaluation"])
        assert item["sold"] == evaluation["purchases"]
        for name in ("complete", "incomplete", "unresolved", "after_sales_end", "share_complete"):
            assert item[name] == evaluation[name]
        assert (item["title"], item["conflicts"]) == (evaluation["title"], evaluation["conflicts"])
        assert item["sold"] == item["complete"] + item["incomplete"] + item["unresolved"]
        within = [of["money"] for of in evaluation["classes"]]
        for name in ("paid", "refunded", "net", "net_satisfied", "net_not_attended", "unpriced"):
            assert item["money"][name] == sum(money[name] for money in within)
        listed = season_api.items("/v1/purchases", package_code=item["package_code"])
        of_partner = [each for each in listed if each["partner"] == item["partner"]]
        assert item["money"]["unallocated"] == sum(
            each["money"]["unallocated"] for each in of_partner
        )


def orders_of(season_api: Api, path: str) -> Sequence[str]:
    operation = season_api.ask("/openapi.json").json()["paths"][path]["get"]
    (order,) = [each for each in operation["parameters"] if each["name"] == "order"]
    return list(order["schema"]["enum"])


@pytest.mark.parametrize(
    ("path", "code"), [("/v1/classes", "class_code"), ("/v1/packages", "package_code")]
)
def test_the_list_has_the_order_of_any_figure(
    season_api: Api, partners: list[str], path: str, code: str
) -> None:
    whole = season_api.items(path, limit=1000)
    names = {name for name, _ in flat(whole[0])}
    orders = orders_of(season_api, path)
    assert {"purchased", "started", "rating_mean"} <= set(orders) or "sold" in orders
    assert {order.removeprefix("-") for order in orders} <= names
    for number, order in enumerate(orders):
        figure = order.removeprefix("-")

        def key(item: dict[str, Any], figure: str = figure) -> tuple[Any, ...]:
            value = dict(flat(item))[figure]
            at = float("-inf") if value is None else value
            return at, partners.index(item["partner"]), item[code]

        wanted = sorted(whole, key=key, reverse=order.startswith("-"))
        limit = 17 if number % 7 == 0 else 1000
        assert season_api.items(path, order=order, limit=limit) == wanted, order


def test_classes_are_narrowed(season_api: Api, classes: Items) -> None:
    institution = classes[3]["institution"]
    word = classes[5]["title"].split()[0]
    many = sorted(each["purchased"] for each in classes)[-20]
    for query, admits in (
        ({"partner": "pintaria"}, lambda of: of["partner"] == "pintaria"),
        ({"institution": institution}, lambda of: of["institution"] == institution),
        ({"title": word.upper()}, lambda of: word.lower() in (of["title"] or "").lower()),
        ({"purchased_least": str(many)}, lambda of: of["purchased"] >= many),
        ({"purchased_least": "0"}, lambda _: True),
        (
            {"purchased_least": "1", "institution": institution},
            lambda of: of["purchased"] and of["institution"] == institution,
        ),
    ):
        wanted = [each for each in classes if admits(each)]
        assert wanted
        assert season_api.items("/v1/classes", limit=13, **query) == wanted
        backwards = season_api.items("/v1/classes", order="-purchased", **query)
        assert sorted(map(str, backwards)) == sorted(map(str, wanted))
    assert season_api.items("/v1/classes", title="there is no such title") == []


def test_packages_are_narrowed(season_api: Api, packages: Items) -> None:
    word = next(each["title"] for each in packages if each["title"]).split()[-1]
    wanted = [each for each in packages if word.lower() in (each["title"] or "").lower()]
    assert season_api.items("/v1/packages", title=word.upper()) == wanted
    own = [each for each in packages if each["partner"] == "tokopedia"]
    assert season_api.items("/v1/packages", partner="tokopedia", limit=1) == own


@pytest.mark.parametrize("path", ["/v1/classes", "/v1/packages"])
def test_a_partner_sees_its_own(season_api: Api, path: str) -> None:
    own = season_api.items(path, TOKENS["sekolahmu"], order="-money_net")
    assert own == season_api.items(path, partner="sekolahmu", order="-money_net")
    assert {each["partner"] for each in own} == {"sekolahmu"}
    assert season_api.status(path, TOKENS["sekolahmu"], partner="pintaria") == 403
    assert season_api.status(path, "no-token-at-all") == 401


@pytest.mark.parametrize("path", ["/v1/classes", "/v1/packages"])
@pytest.mark.parametrize(
    "query",
    [
        {"order": "title"},
        {"order": "-"},
        {"order": "money"},
        {"title": ""},
        {"purchased_least": "-1"},
        {"purchased_least": "1.0"},
        {"purchased_least": "9" * 40},
        {"partner": "nobody"},
        {"stalled_since": "2020-01-01T00:00:00Z"},
    ],
)
def test_what_cannot_be_understood_is_refused(
    season_api: Api, path: str, query: dict[str, str]
) -> None:
    answer = season_api.ask(path, query, bearer())
    assert answer.status_code == 422
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["errors"][0]["parameter"] == next(iter(query))


@pytest.mark.parametrize("path", ["/v1/classes", "/v1/packages"])
@pytest.mark.parametrize("media", ["text/csv", "application/x-ndjson"])
def test_files_hold_everything(season_api: Api, path: str, media: str) -> None:
    answer = season_api.ask(path, {"order": "money_paid"}, bearer() | {"Accept": media})
    assert answer.status_code == 200
    whole = season_api.items(path, order="money_paid", limit=1000)
    lines = answer.text.splitlines()
    assert len(lines) == len(whole) + (media == "text/csv")
    if media == "text/csv":
        assert "money_net_by_completion" in lines[0]


def test_as_of_an_instant_the_figures_are_those_of_then(season_api: Api) -> None:
    query = {"as_of": INSTANT, "partner": "pijar-mahir"}
    items = season_api.items("/v1/classes", **query)
    for item in items[::9]:
        evaluation = season_api.get(item["evaluation"])
        shared = item.keys() - {"evaluation"}
        assert {name: item[name] for name in shared} == {name: evaluation[name] for name in shared}
    least = season_api.items("/v1/classes", order="-completed", purchased_least="3", **query)
    assert [of["completed"] for of in least] == sorted(
        (of["completed"] for of in least), reverse=True
    )
    assert all(of["purchased"] >= 3 for of in least)
    for item in season_api.items("/v1/packages", **query):
        evaluation = season_api.get(item["evaluation"])
        assert item["sold"] == evaluation["purchases"]
        assert item["complete"] == evaluation["complete"]
        within = [of["money"] for of in evaluation["classes"]]
        assert item["money"]["net"] == sum(money["net"] for money in within)


def event(number: int, day: int, fact: Fact) -> PartnerEvent:
    match fact:
        case ClassPublished():
            stream = f"c:{fact.class_code}"
        case PackagePublished():
            stream = f"k:{fact.package_code}"
        case _:
            stream = "p:PRK-1"
    return PartnerEvent("pintaria", f"e-{number}", MAY + day * DAY, stream, fact)


def test_a_publication_that_turns_out_to_be_later_is_shown_as_a_conflict(
    desk: Desk, api: Api
) -> None:
    """Contract section 2: whichever arrived first, the earliest composition stands."""
    lane = desk.lane("pintaria")
    desk.send(lane, event(1, 9, PackagePublished("K-1", "Later", ("C-1", "C-2"))))
    desk.send(lane, event(2, 10, PurchasePaid("INV-1", "K-1", None, 100)))
    desk.follow_catalogue("pintaria")
    desk.add_up()
    (package,) = api.items("/v1/packages")
    assert (package["class_codes"], package["conflicts"]) == (["C-1", "C-2"], [])

    desk.send(lane, event(3, 1, PackagePublished("K-1", "Earlier", ("C-3",))))
    desk.send(lane, event(4, 11, ClassCompleted("C-3")))
    desk.follow_catalogue("pintaria")
    desk.add_up()
    (package,) = api.items("/v1/packages")
    assert package["class_codes"] == ["C-3"]
    assert package["conflicts"] == [
        {"published_at": "2020-05-10T00:00:00Z", "title": "Later", "class_codes": ["C-1", "C-2"]}
    ]
    assert (package["sold"], package["complete"], package["money"]["paid"]) == (1, 1, 100)
    (then,) = api.items("/v1/packages", as_of="2020-05-05T00:00:00Z")
    assert (then["conflicts"], then["sold"]) == ([], 0)


def test_an_unpublished_package_and_class_are_listed_once_they_are_sold(
    desk: Desk, api: Api
) -> None:
    lane = desk.lane("pintaria")
    desk.send(
        lane,
        event(1, 1, PurchasePaid("INV-1", "K-9", None, 70)),
        event(2, 2, PurchasePaid("INV-2", None, (("C-9", 30),), 30)),
    )
    desk.add_up()
    (package,) = api.items("/v1/packages")
    assert (package["title"], package["class_codes"], package["unresolved"]) == (None, None, 1)
    assert (package["money"]["paid"], package["money"]["unallocated"]) == (0, 70)
    (of_class,) = api.items("/v1/classes")
    assert (of_class["class_code"], of_class["title"], of_class["money"]["net"]) == (
        "C-9",
        None,
        30,
    )
    assert api.items("/v1/packages", as_of="2020-04-30T00:00:00Z") == []
    assert api.items("/v1/classes", as_of="2020-04-30T00:00:00Z") == []
    assert len(api.items("/v1/classes", as_of="2020-05-04T00:00:00Z")) == 1
