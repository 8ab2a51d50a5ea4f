"""`tuntas health` says in one line whether a service of this machine is well, in time, and shows no secret."""

import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path
from time import monotonic
from urllib.parse import urlsplit

import pytest

from services.embedded.broker import Broker
from services.heartbeat import Heartbeat
from services.kafka.topics import ensure_topics
from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.run import migrate
from tests.services.cli.commands import NOBODY, environment, run

PASSWORD = "s3cret-of-the-database"


@pytest.fixture
def url(database_url: str) -> str:
    """A migrated database, named with a password that the server does not ask for."""
    session = connect(database_url, "test")
    migrate(session)
    close(session)
    split = urlsplit(database_url)
    return split._replace(netloc=f"{split.username}:{PASSWORD}@").geturl()


@pytest.fixture
def beating(url: str) -> Iterator[Heartbeat]:
    """An ingest process of this machine that says that it lives."""
    with Heartbeat(lambda: connect(url, "test"), "ingest") as heart:
        yield heart


def asked(
    folder: Path, url: str, service: str, *options: str, **settings: str
) -> "subprocess.CompletedProcess[str]":
    ended = run(folder, url, "health", service, *options, **settings)
    assert PASSWORD not in ended.stdout + ended.stderr
    assert "Traceback" not in ended.stderr
    assert len((ended.stdout + ended.stderr).strip().splitlines()) == 1
    return ended


def test_an_api_that_nobody_runs_is_said_in_words(tmp_path: Path, url: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as taken:
        port = taken.getsockname()[1]
    ended = asked(tmp_path, url, "api", TUNTAS_API_HOST="127.0.0.1", TUNTAS_API_PORT=str(port))
    assert ended.returncode == 1
    assert f"api: nobody answers at 127.0.0.1:{port} (Connection refused)" in ended.stderr


@pytest.mark.kafka
def test_a_worker_that_lives_and_reaches_both_servers_is_well(
    tmp_path: Path, url: str, beating: Heartbeat, kafka_broker: Broker
) -> None:
    ensure_topics(kafka_broker.bootstrap)
    ended = asked(tmp_path, url, "ingest", TUNTAS_KAFKA_BOOTSTRAP=kafka_broker.bootstrap)
    assert (ended.returncode, ended.stdout) == (0, "ingest: well.\n")
    ended = asked(tmp_path, url, "project", TUNTAS_KAFKA_BOOTSTRAP=kafka_broker.bootstrap)
    assert ended.returncode == 1
    assert "no `tuntas project` process of this machine" in ended.stderr
    beating.waits("BrokerUnavailable: Kafka is away")
    session = connect(url, "test")
    deadline = monotonic() + 20
    while True:
        with transaction(session) as work:
            work.execute("SELECT trouble FROM control.heartbeat")
            if work.fetchall() != [(None,)]:
                break
        assert monotonic() < deadline
    close(session)
    ended = asked(tmp_path, url, "ingest", TUNTAS_KAFKA_BOOTSTRAP=kafka_broker.bootstrap)
    assert ended.returncode == 1
    assert "it waits: BrokerUnavailable" in ended.stderr


@pytest.mark.usefixtures("beating")
def test_a_worker_without_kafka_is_not_well(tmp_path: Path, url: str) -> None:
    ended = asked(tmp_path, url, "ingest", TUNTAS_KAFKA_BOOTSTRAP=NOBODY)
    assert ended.returncode == 1
    assert "Kafka" in ended.stderr


@pytest.mark.parametrize("service", ["ingest", "project", "api"])
def test_a_service_without_its_database_is_not_well(tmp_path: Path, service: str) -> None:
    ended = asked(tmp_path, f"postgresql://tuntas:{PASSWORD}@{NOBODY}/tuntas", service)
    assert ended.returncode == 1


@pytest.mark.parametrize("service", ["ingest", "project"])
def test_it_ends_in_time_whatever_it_waits_for(tmp_path: Path, service: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        place = f"127.0.0.1:{silent.getsockname()[1]}"
        began = monotonic()
        url = f"postgresql://tuntas:{PASSWORD}@{place}/tuntas"
        ended = asked(tmp_path, url, service, "--timeout", "2", TUNTAS_KAFKA_BOOTSTRAP=place)
        assert monotonic() - began < 15
    assert ended.returncode == 1
    assert ended.stderr.startswith(f"{service}: ")


def test_an_api_that_does_not_answer_is_not_well(tmp_path: Path, url: str) -> None:
    with closing(socket.create_server(("127.0.0.1", 0))) as silent:
        port = str(silent.getsockname()[1])
        ended = asked(tmp_path, url, "api", "--timeout", "2", TUNTAS_API_PORT=port)
    assert ended.returncode == 1
    assert ended.stderr.startswith("api: ")


AT_ONCE = """
import time
import typer
from services.cli import app, health

say = typer.secho

def say_slowly(*words, **how):
    say(*words, **how)
    time.sleep(1.0)

def time_out(_url, timeout):
    time.sleep(timeout + 0.3)
    raise TimeoutError("timed out")

health.typer.secho = say_slowly
health.urlopen = time_out
app.main()
"""


def test_who_times_out_as_its_time_is_up_says_one_thing(tmp_path: Path, url: str) -> None:
    ended = subprocess.run(
        [sys.executable, "-c", AT_ONCE, "health", "api", "--timeout", "0.5"],
        cwd=tmp_path,
        env=environment(tmp_path, url),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert (ended.returncode, ended.stdout) == (1, "")
    assert ended.stderr == "api: no answer within 0.5 s.\n"
