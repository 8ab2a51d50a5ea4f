"""The API's answers about a simulated season are those of the oracle."""

from typing import Any

import pytest

from services.simulator.expected import Expected
from tests.services.http.conftest import Api

ENVELOPE = {"items", "next_cursor", "as_of", "freshness"}


def without_history(item: dict[str, Any]) -> dict[str, Any]:
    return {name: value for name, value in item.items() if name != "history"}


def in_order(items: list[dict[str, Any]]) -> list[dict[str, Any]]:
    return sorted(
        items, key=lambda item: (item["partner"], item["class_code"], item["participant_id"])
    )


def test_every_purchased_class_is_listed_as_expected(season_api: Api, expected: Expected) -> None:
    wanted = [each for each in expected.purchased_classes if each["purchase"] != "none"]
    found = season_api.items("/v1/purchased-classes", limit=333)
    assert found == sorted(found, key=lambda item: (item["partner"], item["class_code"]))
    assert in_order([without_history(item) for item in found]) == in_order(wanted)


def test_evidence_without_a_purchase_is_listed_on_request(
    season_api: Api, expected: Expected
) -> None:
    wanted = [each for each in expected.purchased_classes if each["purchase"] == "none"]
    assert wanted
    found = season_api.items("/v1/purchased-classes", purchase="none")
    assert in_order([without_history(item) for item in found]) == in_order(wanted)


def test_a_persons_classes_are_those_expected(season_api: Api, expected: Expected) -> None:
    people = sorted({each["participant_id"] for each in expected.purchased_classes})
    for participant_id in people[::17]:
        answer = season_api.get(f"/v1/participants/{participant_id}/classes")
        assert answer["participant_id"] == participant_id
        found = [without_history(item) for item in answer["items"]]
        assert found == in_order(expected.of_participant(participant_id))


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("completion", "completed"),
        ("completion", "in_progress"),
        ("completion", "never_reported"),
        ("assessment", "passed"),
        ("assessment", "failed"),
        ("assessment", "assessed"),
        ("assessment", "not_assessed"),
        ("purchase", "active"),
        ("purchase", "refunded"),
    ],
)
def test_states_narrow_the_list(season_api: Api, expected: Expected, name: str, value: str) -> None:
    def state(item: dict[str, Any]) -> str:
        found = item[name]
        return str(found if name == "purchase" else found["state"])

    wanted = [
        each
        for each in expected.purchased_classes
        if each["purchase"] != "none" and state(each) == value
    ]
    assert wanted
    query: dict[str, Any] = {name: value, "limit": 1000}
    found = season_api.items("/v1/purchased-classes", **query)
    assert in_order([without_history(item) for item in found]) == in_order(wanted)


def test_purchases_are_as_expected(season_api: Api, expected: Expected) -> None:
    for wanted in expected.purchases[::29]:
        path = f"/v1/purchases/{wanted['partner']}/{wanted['purchase_id']}"
        found = season_api.get(path)
        assert {name: found[name] for name in wanted if name != "classes"} == {
            name: value for name, value in wanted.items() if name != "classes"
        }
        assert [without_history(item) for item in found["classes"]] == wanted["classes"]


def test_package_purchases_are_as_expected(season_api: Api, expected: Expected) -> None:
    found = season_api.items("/v1/package-purchases", limit=77)
    key = ("partner", "package_code", "purchase_id", "participant_id")
    wanted = sorted(expected.package_purchases, key=lambda each: [each[name] for name in key])
    assert [[item[name] for name in key] for item in found] == [
        [each[name] for name in key] for each in wanted
    ]
    for item, each in zip(found, wanted, strict=True):
        assert [of["class_code"] for of in item["classes"]] == each["class_codes"]
        names = each.keys() - {"class_codes"}
        assert {name: item[name] for name in names} == {name: each[name] for name in names}


def test_the_intake_adds_up(season_api: Api, expected: Expected) -> None:
    answer = season_api.get("/v1/intake")
    assert answer.keys() == ENVELOPE | {"totals", "recent"}
    for lane in answer["items"]:
        counts = expected.counts[lane["topic"]]
        names = ("accepted", "duplicate", "rejected")
        assert [lane[name] for name in names] == [counts[name] for name in names]
        assert lane["offsets_read"] == sum(counts[name] for name in names) == lane["next_offset"]
        assert lane["lag"] == 0
    assert answer["totals"]["offsets_read"] == len(expected.outcomes)


def test_rejections_are_listed_with_their_reasons(season_api: Api, expected: Expected) -> None:
    found = season_api.items("/v1/rejections", limit=7)
    reasons = sorted(each["reason"] for each in expected.outcomes if each["reason"])
    assert reasons
    assert sorted(item["reason"] for item in found) == reasons
    assert all(item["detail"] for item in found)
