"""Every route answers what the oracle does, of a season permuted, repeated and voided: now and as of ten instants.

The season is served once. Lists are compared whole; of what is asked one by one, each instant takes other ones.
"""

from collections.abc import Callable, Iterator, Sequence
from datetime import UTC, date, datetime
from operator import itemgetter
from typing import Any, NamedTuple

import pytest

from projections.reading.figures import flat
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from services.simulator.expected import Expected, expected_answers
from services.simulator.expected_series import Path, Stood, expected_series, periods, stood
from tests.end_to_end.delivery import shuffled
from tests.end_to_end.proof import near, spoken_of
from tests.projections.kept import kept_on
from tests.services.http.conftest import Api, running
from tests.services.http.test_evaluations import path as evaluation_of
from tests.services.http.test_season import without_history
from tests.services.http.test_series import Season
from tests.services.http.test_worklists import ORDERS, is_stalled, time_of

Items = list[dict[str, Any]]
Item = dict[str, Any]

INSTANTS = (
    None,
    "2020-03-01T00:00:00Z",
    "2020-04-19T23:59:59+07:00",
    "2020-05-25T10:20:30.123456Z",
    "2020-06-29T23:59:59.999999+07:00",
    "2020-06-30T00:00:00+07:00",
    "2020-07-15T00:00:00Z",
    "2020-08-31T23:59:59+07:00",
    "2020-10-10T17:00:00Z",
    "2020-12-31T23:59:59+07:00",
    "2021-03-01T00:00:00Z",
)
SINCE, UNTIL = "2020-05-10T00:00:00Z", "2020-08-20T12:00:00Z"


@pytest.fixture(scope="module")
def season(postgres_server: EmbeddedPostgres) -> Iterator[Season]:
    records = shuffled(list(simulate(2_000, seed=31)), seed=31, repeats=200)
    assert sum(record.shape.startswith("void") for record in records) > 5
    with kept_on(postgres_server, "every_route") as kept:
        for start in range(0, len(records), 750):
            kept.tell(records[start : start + 1_100])
            kept.settle()
        with running(kept.url) as api:
            yield Season(api, records)


class Then(NamedTuple):
    """An instant, what has to be answered as of it, and the API."""

    number: int
    expected: Expected
    standing: dict[Path, Stood]
    api: Api
    query: dict[str, str]

    def items(self, route: str, **query: Any) -> Items:
        return self.api.items(route, **{"limit": 1000, **self.query, **query})

    def some(self, of: Sequence[Any], step: int) -> Sequence[Any]:
        """Some of them, others at each instant."""
        return of[self.number % step :: step]


@pytest.fixture(scope="module", params=INSTANTS, ids=str)
def then(request: pytest.FixtureRequest, season: Season) -> Then:
    as_of: str | None = request.param
    at = datetime.now(UTC) if as_of is None else datetime.fromisoformat(as_of)
    expected = expected_answers(season.records, at, keep_allocated=True)
    standing = stood(expected)
    for each in expected.purchased_classes:
        del each["allocated"]
    for purchase in expected.purchases:
        for each in purchase["classes"]:
            del each["allocated"]
    query = {} if as_of is None else {"as_of": as_of}
    return Then(INSTANTS.index(as_of), expected, standing, season.api, query)


def by(*names: str) -> Callable[[Item], tuple[Any, ...]]:
    return lambda item: tuple(item[name] or "" for name in names)


def same(found: Items, wanted: Items, *key: str) -> None:
    """Both have the same items, as far as the oracle speaks of them; each key once."""
    order = by(*key)
    found, wanted = sorted(found, key=order), sorted(wanted, key=order)
    assert [order(item) for item in found] == [order(each) for each in wanted]
    for item, each in zip(found, wanted, strict=True):
        assert spoken_of(item, each) == near(each)


CLASS = ("partner", "participant_id", "class_code")
PURCHASE = ("partner", "purchase_id", "participant_id")


def listed(then: Then) -> Items:
    return [each for each in then.expected.purchased_classes if each["purchase"] != "none"]


def first_purchase(item: Item) -> str:
    return str(item["purchases"][0]["purchased_at"])


FILTERS: list[tuple[dict[str, str], Callable[[Item], bool]]] = [
    ({}, lambda _: True),
    ({"stalled_since": UNTIL}, lambda of: is_stalled(of, UNTIL)),
    (
        {"stalled_since": SINCE, "completion": "in_progress"},
        lambda of: is_stalled(of, SINCE) and of["completion"]["state"] == "in_progress",
    ),
    ({"title": "DASAR"}, lambda of: "dasar" in (of["title"] or "").lower()),
    (
        {"title": "untuk", "completion": "completed"},
        lambda of: (
            "untuk" in (of["title"] or "").lower() and of["completion"]["state"] == "completed"
        ),
    ),
    (
        {"completion": "in_progress", "assessment": "not_assessed"},
        lambda of: (
            of["completion"]["state"] == "in_progress"
            and of["assessment"]["state"] == "not_assessed"
        ),
    ),
    (
        {"completion": "completed", "assessment": "failed", "purchase": "active"},
        lambda of: (
            of["completion"]["state"] == "completed"
            and of["assessment"]["state"] == "failed"
            and of["purchase"] == "active"
        ),
    ),
    ({"purchase": "refunded"}, lambda of: of["purchase"] == "refunded"),
    (
        {"purchased_from": SINCE, "purchased_to": UNTIL, "partner": "pijar-mahir"},
        lambda of: SINCE <= first_purchase(of) < UNTIL and of["partner"] == "pijar-mahir",
    ),
    ({"flag": "purchased_twice"}, lambda of: "purchased_twice" in of["flags"]),
]


@pytest.mark.parametrize(("query", "admits"), FILTERS, ids=lambda of: "" if callable(of) else of)
def test_purchased_classes(
    then: Then, query: dict[str, str], admits: Callable[[Item], bool]
) -> None:
    wanted = [each for each in listed(then) if admits(each)]
    route = "/v1/purchased-classes"
    same(then.items(route, **query), wanted, *CLASS)
    for order in then.some(ORDERS, 2):
        found = then.items(route, order=order, **query)
        same(found, wanted, *CLASS)
        times = [time_of(item, order.removeprefix("-")) for item in found]
        assert times == sorted(times, reverse=order.startswith("-"))


def test_a_persons_classes(then: Then, season: Season) -> None:
    people = sorted({record.key.decode() for record in season.records if record.key[:3] == b"PRK"})
    for who in then.some(people, 40):
        wanted = [each for each in listed(then) if each["participant_id"] == who]
        answer = then.api.get(f"/v1/participants/{who}/classes", **then.query)
        same(answer["items"], wanted, *CLASS)
        same(then.items("/v1/purchased-classes", participant_id=who), wanted, *CLASS)


def is_given_back(of: Item) -> bool:
    """Whether the whole was, at once or class by class."""
    classes = of["classes"]
    return bool(of["refunded_at"] or (classes and all(each["refunded_at"] for each in classes)))


PURCHASES: list[tuple[dict[str, str], Callable[[Item], bool]]] = [
    ({}, lambda _: True),
    ({"partner": "tokopedia"}, lambda of: of["partner"] == "tokopedia"),
    ({"package_code": "P-001"}, lambda of: of["package_code"] == "P-001"),
    ({"refunded": "true"}, is_given_back),
    ({"refunded": "false"}, lambda of: not is_given_back(of)),
    ({"amount_differs": "true"}, itemgetter("amount_differs")),
    (
        {"purchased_from": SINCE, "purchased_to": UNTIL},
        lambda of: SINCE <= of["purchased_at"] < UNTIL,
    ),
]


@pytest.mark.parametrize(("query", "admits"), PURCHASES, ids=lambda of: "" if callable(of) else of)
def test_purchases(then: Then, query: dict[str, str], admits: Callable[[Item], bool]) -> None:
    prices = ("class_code", "price", "price_is", "refunded_at")
    names = {"partner", "purchase_id", "participant_id", "purchased_at", "package_code", "amount"}
    names |= {"amount_differs", "money", "unresolved"}
    wanted = [
        {name: each[name] for name in names}
        | {"classes": [{name: of[name] for name in prices} for of in each["classes"]]}
        for each in then.expected.purchases
        if admits(each)
    ]
    same(then.items("/v1/purchases", **query), wanted, *PURCHASE)


def test_a_purchase_class_by_class(then: Then) -> None:
    once = [each for each in then.expected.purchases if not each["flags"]]
    for each in then.some(once, 17):
        route = f"/v1/purchases/{each['partner']}/{each['purchase_id']}"
        found = then.api.get(route, **then.query)
        assert [without_history(item) for item in found["classes"]] == each["classes"]
        assert {name: found[name] for name in each if name != "classes"} == {
            name: value for name, value in each.items() if name != "classes"
        }


@pytest.mark.parametrize("name", [None, "complete", "unresolved", "after_sales_end"])
def test_package_purchases(then: Then, name: str | None) -> None:
    sold: Items = [
        {key: value for key, value in each.items() if key != "class_codes"}
        for each in then.expected.package_purchases
    ]
    if name is None:
        same(then.items("/v1/package-purchases"), sold, *PURCHASE)
        return
    for value in (True, False):
        wanted = [each for each in sold if each[name] is value]
        same(then.items("/v1/package-purchases", **{name: str(value).lower()}), wanted, *PURCHASE)


def test_evaluations(then: Then) -> None:
    of = then.expected.evaluations
    for kind, step, keys in (
        ("classes", 9, ("partner", "class_code")),
        ("packages", 5, ("partner", "package_code")),
        ("institutions", 3, ("institution",)),
        ("partners", 2, ("partner",)),
    ):
        for each in then.some(of[kind], step):
            route = evaluation_of(kind, *(each[key] for key in keys))
            wanted = {name: value for name, value in each.items() if name != "partners"}
            assert spoken_of(then.api.get(route, **then.query), wanted) == near(wanted)


def test_partners_and_institutions(then: Then) -> None:
    for route, kind, key in (
        ("/v1/partners", "partners", "partner"),
        ("/v1/institutions", "institutions", "institution"),
    ):
        found = [item for item in then.items(route) if item["purchased"]]
        evaluated = then.expected.evaluations[kind]
        wanted = [
            {name: each[name] for name in each if name in found[0] and name != "partners"}
            for each in (evaluated if found else ())
        ]
        assert bool(found) == bool(evaluated)
        assert not wanted or {"money", "flags", "completed"} <= set(wanted[0])
        same(found, wanted, key)


def headlines_of(then: Then, kind: str) -> Items:
    """What each class or package in the list has to say."""
    if kind == "classes":
        return [
            {"partner": each["partner"], "class_code": each["class_code"]}
            | {"title": each["title"], "institution": each["institution"]}
            | {name: each[name] for name in HEADLINES}
            for each in then.expected.evaluations["classes"]
        ]
    return [
        {"partner": each["partner"], "package_code": each["package_code"], "title": each["title"]}
        | {name: each[name] for name in SOLD}
        | {"sold": each["purchases"]}
        | {
            "money": then.standing["packages", each["partner"], each["package_code"]]["standing"][
                "money"
            ]
        }
        for each in then.expected.evaluations["packages"]
    ]


HEADLINES = (
    *("purchased", "refunded", "started", "never_reported", "completed", "assessed", "passed"),
    *("failed", "satisfied", "reviewed", "rating_mean", "flags", "money"),
)
SOLD = ("complete", "share_complete", "incomplete", "unresolved", "after_sales_end")


@pytest.mark.parametrize(
    ("kind", "code"), [("classes", "class_code"), ("packages", "package_code")]
)
def test_lists_in_the_order_of_any_figure(then: Then, kind: str, code: str) -> None:
    route, wanted = f"/v1/{kind}", headlines_of(then, kind)
    same(then.items(route), wanted, "partner", code)
    documented = then.api.ask("/openapi.json").json()["paths"][route]["get"]["parameters"]
    (orders,) = [each["schema"]["enum"] for each in documented if each["name"] == "order"]
    for order in orders if then.number == 0 else then.some(orders, 10):
        figure = order.removeprefix("-")

        def place(each: Item, figure: str = figure) -> tuple[Any, ...]:
            value = dict(flat(each))[figure]
            return float("-inf") if value is None else round(value, 9), each["partner"], each[code]

        found = [(item["partner"], item[code]) for item in then.items(route, order=order)]
        in_order = sorted(wanted, key=place, reverse=order.startswith("-"))
        assert found == [(each["partner"], each[code]) for each in in_order], order


def test_first_completions(then: Then) -> None:
    wanted = then.expected.first_completions
    route = "/v1/first-completions"
    same(then.items(route), wanted, "participant_id")
    for state in ("ready", "missing", "none"):
        of_state = [each for each in wanted if each["state"] == state]
        same(then.items(route, state=state), of_state, "participant_id")
    between = [each for each in wanted if each["since"] and SINCE <= each["since"] < UNTIL]
    same(then.items(route, **{"from": SINCE, "to": UNTIL}), between, "participant_id")
    for each in then.some(wanted, 29):
        answer = then.api.get(
            f"/v1/participants/{each['participant_id']}/first-completion", **then.query
        )
        assert spoken_of(answer, each) == each


def test_series(season: Season) -> None:
    first, last = (date(2020, 4, 1), date(2021, 1, 31))
    spans = periods("month", first, last)
    assert len(spans) == 10
    expected = expected_series(season.records, spans)
    kinds: dict[str, list[Path]] = {}
    for path in expected:
        kinds.setdefault(path[0], []).append(path)
    assert kinds.keys() == {"classes", "packages", "institutions", "partners"}
    for paths in kinds.values():
        for path in paths[:: max(1, len(paths) // 8)]:
            query = {"by": "month", "from": first.isoformat(), "to": last.isoformat()}
            found = season.series(path, limit="1000", **query)
            assert spoken_of(found, expected[path]) == near(expected[path]), path
