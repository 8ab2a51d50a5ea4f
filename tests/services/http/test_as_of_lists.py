"""Lists as of a past time are narrowed by what rows are now: nothing that was so then is left out for it."""

from collections.abc import Callable
from typing import Any

import pytest

from domain.vocabulary import ASSESSMENT_STATES, COMPLETION_STATES, FLAGS
from tests.services.http.conftest import Api

Item = dict[str, Any]
INSTANTS = ("2020-05-01T00:00:00Z", "2020-06-24T12:00:00Z", "2020-08-15T00:00:00Z")
"""Early, when hardly a package is published; in the middle of the season; late."""

CLASSES = "/v1/purchased-classes"
PACKAGES = "/v1/package-purchases"
PURCHASES = "/v1/purchases"


def everything(api: Api, path: str, instant: str, **query: str) -> list[Item]:
    return api.items(path, as_of=instant, limit=1000, **query)


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
    season_api: Api, instant: str, name: str, value: str, of: Callable[[Item], bool]
) -> None:
    wanted = [item for item in everything(season_api, CLASSES, instant) if of(item)]
    assert season_api.items(CLASSES, as_of=instant, limit=37, **{name: value}) == wanted


@pytest.mark.parametrize("instant", INSTANTS)
def test_purchased_classes_of_a_package(season_api: Api, instant: str) -> None:
    then = everything(season_api, CLASSES, instant)
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
        assert season_api.items(CLASSES, as_of=instant, limit=11, **query) == wanted
        refunded = [item for item in wanted if item["purchase"] == "refunded"]
        assert season_api.items(CLASSES, as_of=instant, purchase="refunded", **query) == refunded


@pytest.mark.parametrize("instant", INSTANTS)
@pytest.mark.parametrize("name", ["unresolved", "complete", "after_sales_end"])
@pytest.mark.parametrize("value", ["true", "false"])
def test_package_purchases(season_api: Api, instant: str, name: str, value: str) -> None:
    then = everything(season_api, PACKAGES, instant)
    wanted = [item for item in then if item[name] == (value == "true")]
    assert season_api.items(PACKAGES, as_of=instant, limit=29, **{name: value}) == wanted
    if wanted:
        query = {name: value, "package_code": wanted[-1]["package_code"]}
        of_code = [item for item in wanted if item["package_code"] == query["package_code"]]
        assert season_api.items(PACKAGES, as_of=instant, **query) == of_code


@pytest.mark.parametrize("instant", INSTANTS)
def test_purchases(season_api: Api, instant: str) -> None:
    then = everything(season_api, PURCHASES, instant)
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
        assert season_api.items(PURCHASES, as_of=instant, limit=31, **query) == wanted
