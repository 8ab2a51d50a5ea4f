"""docker-compose.yml names what is there: services, commands, settings, partners, files."""

import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from domain.vocabulary import (
    ANSWER_TOPIC_PREFIX,
    PARTNERS,
    REJECTION_TOPIC_PREFIX,
    TOPIC_PREFIX,
)
from services.embedded.apache_kafka.jars import kafka_version
from services.settings import described, read_settings

ROOT = Path(__file__).parents[1]
WORKERS = ("ingest", "project", "api")
# ${NAME:-default} and ${NAME:?sentence}, as Compose interpolates them.
VARIABLE = re.compile(r"(?<!\$)\$\{(?P<name>\w+)(?::(?P<kind>[-?])(?P<rest>[^}]*))?\}")

Compose = dict[str, Any]


@pytest.fixture(scope="module")
def compose() -> Compose:
    loaded = yaml.safe_load((ROOT / "docker-compose.yml").read_text())
    assert isinstance(loaded, dict)
    return loaded


def interpolated(text: str, environment: dict[str, str]) -> str:
    def value(found: re.Match[str]) -> str:
        given = environment.get(found["name"])
        if found["kind"] == "?":
            assert given, found["rest"]
        return given or (found["rest"] if found["kind"] == "-" else "")

    return VARIABLE.sub(value, text)


def test_the_services_are_those_that_the_design_names(compose: Compose) -> None:
    by_default = {
        name for name, service in compose["services"].items() if "profiles" not in service
    }
    assert by_default == {"kafka", "topics", "postgres", "migrate", *WORKERS}


@pytest.mark.parametrize("service", ["kafka", "postgres", *WORKERS])
def test_every_service_that_stays_up_has_a_health_check(compose: Compose, service: str) -> None:
    check = compose["services"][service]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "start_period"} <= check.keys()


def seconds(text: str) -> float:
    return float(text.removesuffix("s"))


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_is_asked_by_its_own_command_which_ends_in_time(
    compose: Compose, service: str
) -> None:
    check = compose["services"][service]["healthcheck"]
    command = ["CMD", "tuntas", "health", service, "--timeout"]
    assert check["test"][:-1] == command
    assert float(check["test"][-1]) < seconds(check["timeout"])


def test_every_value_of_an_environment_is_a_text(compose: Compose) -> None:
    for name, service in compose["services"].items():
        for variable, value in service.get("environment", {}).items():
            assert isinstance(value, str), (name, variable)


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_runs_the_command_of_its_name_on_the_one_image(
    compose: Compose, service: str
) -> None:
    worker = compose["services"][service]
    assert worker["command"] == [service]
    assert worker["image"] == "tuntas"
    dockerfile = (ROOT / worker["build"]["dockerfile"]).read_text()
    assert 'ENTRYPOINT ["tuntas"]' in dockerfile
    for source in re.findall(r"^COPY (?!--from)(\S+) ", dockerfile, re.MULTILINE):
        assert (ROOT / source).exists()


@pytest.mark.parametrize("service", WORKERS)
def test_a_worker_waits_for_a_migrated_database_and_topics(compose: Compose, service: str) -> None:
    awaited = compose["services"][service]["depends_on"]
    assert {name: rule["condition"] for name, rule in awaited.items()} == {
        "migrate": "service_completed_successfully",
        "topics": "service_completed_successfully",
    }
    migrate = compose["services"]["migrate"]
    assert migrate["command"] == ["migrate"]
    assert migrate["restart"] == "no"
    assert migrate["depends_on"] == {"postgres": {"condition": "service_healthy"}}
    assert migrate["environment"] == compose["services"]["project"]["environment"]
    assert compose["services"]["topics"]["depends_on"] == {
        "kafka": {"condition": "service_healthy"}
    }


@pytest.mark.parametrize("service", WORKERS)
def test_a_workers_environment_is_made_of_settings(compose: Compose, service: str) -> None:
    given = {"TUNTAS_EVALUATOR_TOKENS": "choose-16-characters-or-more"}
    environment = {
        name: interpolated(str(text), given)
        for name, text in compose["services"][service]["environment"].items()
    }
    settings = read_settings(environment)
    assert set(environment) <= {setting.name for setting in described({})}
    assert settings.kafka_bootstrap == "kafka:9092"
    assert settings.database_url == "postgresql://tuntas:tuntas@postgres:5432/tuntas"


def test_the_api_listens_where_its_port_and_health_check_expect_it(compose: Compose) -> None:
    api = compose["services"]["api"]
    assert api["environment"]["TUNTAS_API_HOST"] == "0.0.0.0"
    assert api["environment"]["TUNTAS_API_PORT"] == "8000"
    assert [interpolated(port, {}) for port in api["ports"]] == ["127.0.0.1:8000:8000"]
    assert api["healthcheck"]["test"][:4] == ["CMD", "tuntas", "health", "api"]


def test_the_api_does_not_start_without_a_token(compose: Compose) -> None:
    text = compose["services"]["api"]["environment"]["TUNTAS_EVALUATOR_TOKENS"]
    with pytest.raises(AssertionError, match="choose a token"):
        interpolated(text, {})


@pytest.mark.parametrize("service", ["ingest", "project"])
def test_a_worker_can_be_scaled(compose: Compose, service: str) -> None:
    assert not {"container_name", "ports", "hostname"} & compose["services"][service].keys()


def test_every_partner_gets_its_topics(compose: Compose) -> None:
    topics = compose["services"]["topics"]
    assert topics["environment"]["PARTNERS"].split() == list(PARTNERS)
    (script,) = topics["command"]
    named = " ".join(
        f"{prefix}$$partner"
        for prefix in (TOPIC_PREFIX, REJECTION_TOPIC_PREFIX, ANSWER_TOPIC_PREFIX)
    )
    assert f"in {named};" in script
    assert f"{ANSWER_TOPIC_PREFIX}*) kept=compact" in script
    assert interpolated(topics["environment"]["PARTITIONS"], {}) == "6"


def test_it_runs_the_kafka_that_the_tests_run(compose: Compose) -> None:
    images = {compose["services"][service]["image"] for service in ("kafka", "topics")}
    assert images == {f"apache/kafka:{kafka_version()}"}


def test_it_runs_the_postgres_that_the_tests_run(compose: Compose) -> None:
    assert compose["services"]["postgres"]["image"] == "postgres:18"
    # The image of PostgreSQL 18 keeps its data one folder deeper than those before it.
    assert compose["services"]["postgres"]["volumes"] == ["postgres:/var/lib/postgresql"]
