"""``as_of=T`` answers as a system does that was given only what had happened by then."""

from datetime import datetime
from typing import Any

import pytest

from services.simulator import SimulatedRecord
from services.simulator.expected import Expected, expected_answers
from tests.services.http.conftest import Api
from tests.services.http.test_season import in_order, without_history

TIMES = (
    "2020-04-25T12:00:00Z",
    "2020-06-01T00:00:00+07:00",
    "2020-06-30T00:00:00+07:00",
    "2020-08-15T08:30:00.250Z",
    "2020-12-31T23:59:59+07:00",
)


@pytest.fixture(scope="session", params=TIMES)
def then(request: pytest.FixtureRequest, season: list[SimulatedRecord]) -> tuple[str, Expected]:
    return request.param, expected_answers(season, datetime.fromisoformat(request.param))


def test_purchased_classes(season_api: Api, then: tuple[str, Expected]) -> None:
    as_of, expected = then
    for purchase in (None, "none"):
        wanted = [
            each
            for each in expected.purchased_classes
            if (each["purchase"] == "none") == (purchase == "none")
        ]
        query = {} if purchase is None else {"purchase": purchase}
        found = season_api.items("/v1/purchased-classes", as_of=as_of, **query)
        assert in_order([without_history(item) for item in found]) == in_order(wanted)


@pytest.mark.parametrize(
    "query",
    [
        {"completion": "completed"},
        {"assessment": "failed"},
        {"flag": "completed_without_assessment"},
        {"flag": "package_after_sales_end", "partner": "tokopedia"},
        {"purchased_from": "2020-05-01T00:00:00Z", "purchased_to": "2020-06-01T00:00:00Z"},
    ],
)
def test_filters_apply_to_what_was_so_then(
    season_api: Api, then: tuple[str, Expected], query: dict[str, str]
) -> None:
    as_of, expected = then

    def listed(item: dict[str, Any]) -> bool:
        return (
            item["purchase"] != "none"
            and query.get("completion") in {None, item["completion"]["state"]}
            and query.get("assessment") in {None, item["assessment"]["state"]}
            and ("flag" not in query or query["flag"] in item["flags"])
            and query.get("partner") in {None, item["partner"]}
            and query.get("purchased_from", "") <= item["purchases"][0]["purchased_at"]
            and item["purchases"][0]["purchased_at"] < query.get("purchased_to", "9")
        )

    wanted = [each for each in expected.purchased_classes if listed(each)]
    found = season_api.items("/v1/purchased-classes", as_of=as_of, **query)
    assert in_order([without_history(item) for item in found]) == in_order(wanted)


def test_institutions_and_packages(season_api: Api, then: tuple[str, Expected]) -> None:
    as_of, expected = then
    listed = [each for each in expected.purchased_classes if each["purchase"] != "none"]
    institutions = sorted({each["institution"] for each in listed if each["institution"]})
    packages = sorted({p["package_code"] for each in listed for p in each["purchases"]} - {None})
    for institution in institutions[::9]:
        found = season_api.items("/v1/purchased-classes", as_of=as_of, institution=institution)
        wanted = [each for each in listed if each["institution"] == institution]
        assert in_order([without_history(item) for item in found]) == in_order(wanted)
    for package_code in packages[::9]:
        found = season_api.items("/v1/purchased-classes", as_of=as_of, package_code=package_code)
        wanted = [
            each
            for each in listed
            if any(p["package_code"] == package_code for p in each["purchases"])
        ]
        assert in_order([without_history(item) for item in found]) == in_order(wanted)


def test_package_purchases(season_api: Api, then: tuple[str, Expected]) -> None:
    as_of, expected = then
    found = season_api.items("/v1/package-purchases", as_of=as_of)
    assert _packages(found) == _packages(expected.package_purchases)
    for complete in (True, False):
        query = {"complete": str(complete).lower(), "as_of": as_of}
        found = season_api.items("/v1/package-purchases", limit=13, **query)
        wanted = [each for each in expected.package_purchases if each["complete"] is complete]
        assert _packages(found) == _packages(wanted)


def test_purchases(season_api: Api, then: tuple[str, Expected], expected: Expected) -> None:
    as_of, by_then = then
    wanted = {(each["partner"], each["purchase_id"]): each for each in by_then.purchases}
    for each in expected.purchases[::31]:
        key = each["partner"], each["purchase_id"]
        path = f"/v1/purchases/{key[0]}/{key[1]}"
        if key not in wanted:
            assert season_api.status(path, as_of=as_of) == 404
            continue
        found = season_api.get(path, as_of=as_of)
        assert [without_history(item) for item in found["classes"]] == wanted[key]["classes"]
        names = wanted[key].keys() - {"classes"}
        assert {name: found[name] for name in names} == {name: wanted[key][name] for name in names}


def test_people(season_api: Api, then: tuple[str, Expected], expected: Expected) -> None:
    as_of, by_then = then
    people = sorted({each["participant_id"] for each in expected.purchased_classes})
    for participant_id in people[::23]:
        answer = season_api.get(f"/v1/participants/{participant_id}/classes", as_of=as_of)
        found = [without_history(item) for item in answer["items"]]
        assert found == in_order(by_then.of_participant(participant_id))


def _packages(items: list[dict[str, Any]]) -> list[list[Any]]:
    names = (
        "partner",
        "package_code",
        "purchase_id",
        "participant_id",
        "title",
        "purchased_at",
        "after_sales_end",
        "unresolved",
        "missing",
        "complete",
    )
    return sorted(([item[name] for name in names] for item in items), key=repr)
