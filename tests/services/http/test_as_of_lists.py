"""Lists as of a past time are narrowed by what rows are now: nothing that was so then is left out for it."""

from collections.abc import Callable, Iterator
from typing import Any

import pytest

from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS
from projections.reading import purchased_classes_in_time_as_of as in_time
from projections.reading import purchased_classes_in_time_judged as judged
from projections.reading import purchased_classes_spoken_of as spoken_of
from services.embedded.postgres import EmbeddedPostgres
from tests.services.http.conftest import Api
from tests.services.http.partly_followed import SHARES, partly_followed
from tests.services.http.test_worklists import ORDERS, is_stalled, ordered

Item = dict[str, Any]
INSTANTS = ("2020-05-01T00:00:00Z", "2020-06-24T12:00:00Z", "2020-08-15T00:00:00Z")
"""Early, when hardly a package is published; in the middle of the season; late."""

LATER = "2020-07-10T00:00:00Z"
CLASSES = "/v1/purchased-classes"
PACKAGES = "/v1/package-purchases"
PURCHASES = "/v1/purchases"
FIRST = "/v1/first-completions"


@pytest.fixture(scope="module")
def api(postgres_server: EmbeddedPostgres) -> Iterator[Api]:
    """A season of which all is followed."""
    with partly_followed(postgres_server, "then_all", SHARES["all"]) as found:
        yield found


@pytest.fixture(scope="module")
def behind(postgres_server: EmbeddedPostgres) -> Iterator[Api]:
    """A season of which two thirds are followed."""
    with partly_followed(postgres_server, "then_some", SHARES["some"]) as found:
        yield found


_KNOWN: dict[tuple[str, str, str], list[Item]] = {}


def everything(api: Api, path: str, instant: str) -> list[Item]:
    """The whole list as of an instant, asked for once."""
    key = (api.database_url, path, instant)
    if key not in _KNOWN:
        _KNOWN[key] = api.items(path, as_of=instant, limit=1000)
    return _KNOWN[key]


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize(
    ("name", "value", "of"),
    [
        *(("flag", flag, lambda item, flag=flag: flag in item["flags"]) for flag in FLAGS),
        *(
            ("completion", state, lambda item, state=state: item["completion"]["state"] == state)
            for state in COMPLETION_STATES
        ),
        *(
            ("assessment", state, lambda item, state=state: item["assessment"]["state"] == state)
            for state in ASSESSMENT_STATES
        ),
        ("purchase", "refunded", lambda item: item["purchase"] == "refunded"),
        ("purchase", "active", lambda item: item["purchase"] == "active"),
    ],
)
def test_purchased_classes(
    api: Api, instant: str, name: str, value: str, of: Callable[[Item], bool]
) -> None:
    wanted = [item for item in everything(api, CLASSES, instant) if of(item)]
    assert api.items(CLASSES, as_of=instant, limit=37, **{name: value}) == wanted


@pytest.mark.parametrize("instant", INSTANTS)
def test_purchased_classes_of_a_package(api: Api, instant: str) -> None:
    then = everything(api, CLASSES, instant)
    packages = {
        (item["partner"], bought["package_code"])
        for item in then
        for bought in item["purchases"]
        if bought["package_code"]
    }
    for partner, code in sorted(packages)[:12]:
        wanted = [
            item
            for item in then
            if item["partner"] == partner
            and any(bought["package_code"] == code for bought in item["purchases"])
        ]
        query = {"partner": partner, "package_code": code}
        assert api.items(CLASSES, as_of=instant, limit=11, **query) == wanted
        refunded = [item for item in wanted if item["purchase"] == "refunded"]
        assert api.items(CLASSES, as_of=instant, purchase="refunded", **query) == refunded


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("name", ["unresolved", "complete", "after_sales_end"])
@pytest.mark.parametrize("value", ["true", "false"])
def test_package_purchases(api: Api, instant: str, name: str, value: str) -> None:
    then = everything(api, PACKAGES, instant)
    wanted = [item for item in then if item[name] == (value == "true")]
    assert api.items(PACKAGES, as_of=instant, limit=29, **{name: value}) == wanted
    if wanted:
        query = {name: value, "package_code": wanted[-1]["package_code"]}
        of_code = [item for item in wanted if item["package_code"] == query["package_code"]]
        assert api.items(PACKAGES, as_of=instant, **query) == of_code


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("state", ["ready", "missing", "none"])
def test_first_completions(api: Api, behind: Api, instant: str, state: str) -> None:
    for at in (api, behind):
        then = everything(at, FIRST, instant)
        wanted = [item for item in then if item["state"] == state]
        assert at.items(FIRST, as_of=instant, state=state, limit=7) == wanted
        since = sorted(item["since"] for item in then if item["since"])
        if since and state != "none":
            first = since[len(since) // 2]
            later = [item for item in wanted if item["since"] >= first]
            assert at.items(FIRST, as_of=instant, state=state, **{"from": first}) == later


@pytest.mark.parametrize("instant", INSTANTS)
def test_purchases(api: Api, instant: str) -> None:
    then = everything(api, PURCHASES, instant)
    code = next(item["package_code"] for item in reversed(then) if item["package_code"])
    since = sorted(item["purchased_at"] for item in then)[len(then) // 2]
    for query, of in (
        ({"amount_differs": "true"}, lambda item: item["amount_differs"]),
        ({"amount_differs": "false"}, lambda item: not item["amount_differs"]),
        ({"refunded": "true"}, lambda item: item["purchase"] == "refunded"),
        ({"package_code": code}, lambda item: item["package_code"] == code),
        ({"purchased_from": since}, lambda item: item["purchased_at"] >= since),
        ({"purchased_to": since}, lambda item: item["purchased_at"] < since),
    ):
        wanted = [item for item in then if of(item)]
        assert wanted or instant == INSTANTS[0], query
        assert api.items(PURCHASES, as_of=instant, limit=31, **query) == wanted


@pytest.mark.parametrize(("instant", "at_once"), list(zip(INSTANTS, (64, 2, 64), strict=True)))
@pytest.mark.parametrize("order", ORDERS)
def test_purchased_classes_in_order(
    api: Api, monkeypatch: pytest.MonkeyPatch, instant: str, order: str, at_once: int
) -> None:
    """However many words are looked at at once; and nobody is judged who need not be."""
    monkeypatch.setattr(spoken_of, "WORDS_AT_ONCE", at_once)
    monkeypatch.setattr(spoken_of, "WORDS_READ", 2 * at_once)
    monkeypatch.setattr(judged, "pages", _not_asked)
    then = everything(api, CLASSES, instant)
    since = "2020-06-10T00:00:00Z"
    for query, of in (
        ({}, lambda _: True),
        ({"completion": "in_progress"}, lambda item: item["completion"]["state"] == "in_progress"),
        ({"completion": "never_reported"}, lambda item: item["last_reported_at"] is None),
        ({"assessment": "passed"}, lambda item: item["assessment"]["state"] == "passed"),
        ({"stalled_since": since}, lambda item: is_stalled(item, since)),
        ({"partner": "tokopedia"}, lambda item: item["partner"] == "tokopedia"),
    ):
        wanted = ordered([item for item in then if of(item)], order)
        assert wanted or instant == INSTANTS[0], query
        assert api.items(CLASSES, as_of=instant, order=order, limit=53, **query) == wanted, query


@pytest.mark.parametrize(("instant", "most"), list(zip(INSTANTS[1:], (5_000, 0), strict=True)))
@pytest.mark.parametrize("order", ORDERS)
def test_narrow_lists_in_order(
    api: Api, monkeypatch: pytest.MonkeyPatch, instant: str, order: str, most: int
) -> None:
    """However few rows are rather judged."""
    monkeypatch.setattr(in_time, "MOST_JUDGED", most)
    then = everything(api, CLASSES, instant)
    item = next(item for item in reversed(then) if item["purchases"][0]["package_code"])
    code = item["purchases"][0]["package_code"]
    partner = {"partner": item["partner"]}
    of_partner = [each for each in then if each["partner"] == item["partner"]]
    for query, of in (
        ({"purchase": "refunded"}, lambda each: each["purchase"] == "refunded"),
        ({"flag": "purchased_twice"}, lambda each: "purchased_twice" in each["flags"]),
        ({"class_code": item["class_code"]}, lambda each: each["class_code"] == item["class_code"]),
        (
            {"institution": item["institution"]},
            lambda each: each["institution"] == item["institution"],
        ),
        (
            {"package_code": code},
            lambda each: any(bought["package_code"] == code for bought in each["purchases"]),
        ),
        (
            {"purchased_from": "2020-05-20T00:00:00Z", "purchased_to": "2020-06-20T00:00:00Z"},
            lambda each: (
                "2020-05-20T00:00:00Z"
                <= each["purchases"][0]["purchased_at"]
                < "2020-06-20T00:00:00Z"
            ),
        ),
    ):
        wanted = ordered([each for each in of_partner if of(each)], order)
        assert wanted or "flag" in query or "purchase" in query, query
        found = api.items(CLASSES, as_of=instant, order=order, limit=7, **partner, **query)
        assert found == wanted, query


@pytest.mark.parametrize("query", [{}, {"completion": "in_progress"}, {"stalled_since": LATER}])
def test_what_is_not_followed_yet_is_listed_as_well(behind: Api, query: dict[str, str]) -> None:
    instant = INSTANTS[2]
    then = everything(behind, CLASSES, instant)
    if "completion" in query:
        then = [item for item in then if item["completion"]["state"] == "in_progress"]
    elif query:
        then = [item for item in then if is_stalled(item, LATER)]
    assert behind.items(CLASSES, as_of=instant, limit=71, **query) == then
    for order in ORDERS:
        found = behind.items(CLASSES, as_of=instant, order=order, limit=71, **query)
        assert found == ordered(then, order), order


def _not_asked(*_: object) -> None:
    raise AssertionError("every row was judged")
