"""The OpenAPI document says what the API does; that it keeps to it is in test_odd_requests.py."""

from collections.abc import Iterator
from typing import Any

from tests.services.http.conftest import Api

CONTRACT = {
    "/v1/participants/{participant_id}/classes",
    "/v1/participants/{participant_id}/classes/{partner}/{class_code}/history",
    "/v1/purchased-classes",
    "/v1/purchases/{partner}/{purchase_id}",
    "/v1/purchases",
    "/v1/package-purchases",
    "/v1/packages",
    "/v1/classes",
    "/v1/classes/{partner}/{class_code}/evaluation",
    "/v1/classes/{partner}/{class_code}/series",
    "/v1/packages/{partner}/{package_code}/evaluation",
    "/v1/packages/{partner}/{package_code}/series",
    "/v1/institutions",
    "/v1/institutions/{institution}/evaluation",
    "/v1/institutions/{institution}/series",
    "/v1/partners",
    "/v1/partners/{partner}/evaluation",
    "/v1/partners/{partner}/series",
    "/v1/first-completions",
    "/v1/participants/{participant_id}/first-completion",
    "/v1/partners/{partner}/reconciliation",
    "/v1/events/{partner}/{event_id}",
    "/v1/rejections",
    "/v1/intake",
    "/livez",
    "/readyz",
    "/metrics",
}


def document(api: Api) -> Any:
    answer = api.ask("/openapi.json")
    assert answer.status_code == 200
    return answer.json()


def test_every_route_of_the_contract_is_described(season_api: Api) -> None:
    found = document(season_api)
    assert found["paths"].keys() >= CONTRACT
    for path, operations in found["paths"].items():
        assert operations.keys() == ({"post"} if path.endswith("/lookup") else {"get"}), path
    assert found["paths"]["/metrics"]["get"]["security"] == [{"bearer": []}]


def test_every_answer_says_of_when_it_is_and_how_fresh(season_api: Api) -> None:
    found = document(season_api)
    asked = 0
    for path, operations in found["paths"].items():
        if not path.startswith("/v1/"):
            continue
        (operation,) = operations.values()
        schema = operation["responses"]["200"]["content"]["application/json"]["schema"]
        name = schema["$ref"].removeprefix("#/components/schemas/")
        required = found["components"]["schemas"][name]["required"]
        assert {"as_of", "freshness"} <= set(required), path
        asked += 1
    assert asked >= len(CONTRACT) - 3


def test_filters_are_described(season_api: Api) -> None:
    operation = document(season_api)["paths"]["/v1/purchased-classes"]["get"]
    names = {parameter["name"] for parameter in operation["parameters"]}
    assert names == {
        "partner",
        "class_code",
        "institution",
        "package_code",
        "purchase",
        "completion",
        "assessment",
        "flag",
        "purchased_from",
        "purchased_to",
        "participant_id",
        "title",
        "stalled_since",
        "order",
        "as_of",
        "time_zone",
        "limit",
        "cursor",
    }
    assert operation["security"] == [{"bearer": []}]


def test_every_reference_leads_somewhere(season_api: Api) -> None:
    found = document(season_api)

    def references(part: Any) -> Iterator[str]:
        if isinstance(part, dict):
            for name, value in part.items():
                if name == "$ref":
                    yield value
                else:
                    yield from references(value)
        elif isinstance(part, list):
            for each in part:
                yield from references(each)

    schemas = found["components"]["schemas"]
    wanted = {reference.removeprefix("#/components/schemas/") for reference in references(found)}
    assert wanted
    assert wanted <= schemas.keys()
