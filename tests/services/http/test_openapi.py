"""The OpenAPI document says what the API does; random requests made from it find no failure."""

import os
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord
from tests.services.http.conftest import EVALUATOR, Api, serving, settings_for, write_season
from tests.services.http.desk import Desk

CONTRACT = {
    "/v1/participants/{participant_id}/classes",
    "/v1/participants/{participant_id}/classes/{partner}/{class_code}/history",
    "/v1/purchased-classes",
    "/v1/purchases/{partner}/{purchase_id}",
    "/v1/package-purchases",
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
        assert operations.keys() == {"get"}, path


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


@pytest.fixture
def served(postgres_server: EmbeddedPostgres, season: list[SimulatedRecord]) -> Iterator[str]:
    """The URL of the API as a real server on a free port, over a season."""
    database_url = postgres_server.create_database("season_served")
    write_season(Desk(database_url), season)
    with serving(settings_for(database_url, TUNTAS_API_PORT="0")) as (host, port):
        yield f"http://{host}:{port}"
    postgres_server.drop_database("season_served")


@pytest.mark.slow
def test_random_requests_find_no_failure(served: str, tmp_path: Path) -> None:
    run = subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run", f"{served}/openapi.json"),
            *("--header", f"Authorization: Bearer {EVALUATOR}"),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance"),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "15", "--generation-deterministic"),
            *("--max-time", "45"),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=tmp_path,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
    assert run.returncode == 0, run.stdout[-6000:] + run.stderr[-2000:]
