"""What reaches an operator's log of what libraries say."""

import io
import logging
import socket
import sys
from collections.abc import Iterator
from contextlib import closing
from typing import NamedTuple

import pytest
from kafka.errors import Cancelled, KafkaTimeoutError
from kafka.net.selector import NetworkSelector
from kafka.net.transport import KafkaTCPTransport

from services.logs import AGAIN_SECONDS, Sparing, configure


@pytest.fixture
def log(monkeypatch: pytest.MonkeyPatch) -> Iterator[io.StringIO]:
    """What a process writes to its standard error from here on."""
    root = logging.getLogger()
    before, level = root.handlers[:], root.level
    lines = io.StringIO()
    with monkeypatch.context() as patched:
        patched.setattr(sys, "stderr", lines)
        configure("INFO")
    yield lines
    root.handlers[:] = before
    root.setLevel(level)


class Connection(NamedTuple):
    ours: KafkaTCPTransport
    theirs: socket.socket


@pytest.fixture
def connection() -> Iterator[Connection]:
    with socket.create_server(("127.0.0.1", 0)) as server:
        ours = socket.create_connection(server.getsockname())
        theirs, _ = server.accept()
    with ours, theirs, closing(NetworkSelector()) as selector:
        yield Connection(KafkaTCPTransport(selector, ours, host="here"), theirs)


def test_a_client_that_is_closed_while_it_asks_is_no_error(log: io.StringIO) -> None:
    cluster = logging.getLogger("kafka.cluster")
    cluster.error("Metadata refresh: failed %s", Cancelled())
    assert log.getvalue() == ""
    cluster.error("Metadata refresh: failed %s", KafkaTimeoutError())
    assert "Metadata refresh: failed" in log.getvalue()


def test_a_client_that_is_closed_as_an_answer_comes_is_no_error(
    connection: Connection, log: io.StringIO
) -> None:
    connection.ours.close()  # by one thread, as the other one, woken by an answer, is about to read it
    assert connection.ours._sock_recv()[1] is not None  # noqa: SLF001 - that very moment
    assert log.getvalue() == ""


def test_a_connection_that_breaks_is_an_error_without_a_trace(
    connection: Connection, log: io.StringIO
) -> None:
    connection.ours.write(b"a request that nobody reads")
    assert connection.ours._sock_send()[1] is None  # noqa: SLF001
    connection.theirs.close()
    assert connection.ours._sock_recv()[1] is not None  # noqa: SLF001
    assert "Error receiving network data" in log.getvalue()
    assert "Traceback" not in log.getvalue()


def said(filtering: Sparing, line: str, seconds: float, name: str = "kafka.net.manager") -> str:
    """What is said of a line at a time; '' where it is left out."""
    record = logging.LogRecord(name, logging.ERROR, "", 0, line, (), None)
    record.created = seconds
    return record.getMessage() if filtering.filter(record) else ""


def test_a_broker_that_stays_away_is_said_once_a_minute() -> None:
    filtering = Sparing("kafka", AGAIN_SECONDS)
    line = "Bootstrap connection to bootstrap-0 failed: 111 ECONNREFUSED (backoff {} secs)"
    assert said(filtering, line.format("0.12"), 1.0) == line.format("0.12")
    for second in range(2, 60):
        assert said(filtering, line.format(f"{second / 7:.2f}"), second) == ""
    again = said(filtering, line.format("1.00"), 61.5)
    assert again == line.format("1.00") + " (58 times more before)"
    assert said(filtering, line.format("1.00"), 125.0) == line.format("1.00")


def test_a_broker_that_stands_still_is_said_once_a_minute() -> None:
    filtering = Sparing("kafka", AGAIN_SECONDS)
    line = "<[127.0.0.1:9092<-{}]>: Abort ([Error 7] Request timed out after {} ms)"
    assert said(filtering, line.format(54426, 4999), 1.0)
    assert not said(filtering, line.format(58740, 4998), 8.0)
    assert said(filtering, line.format(58740, 4998).replace("9092", "9093"), 8.0)


def test_another_broker_another_logger_and_what_this_project_says_are_not_held_back() -> None:
    filtering = Sparing("kafka", AGAIN_SECONDS)
    lines = [
        ("bootstrap-0 is away", "kafka.net.manager"),
        ("bootstrap-1 is away", "kafka.net.manager"),
        ("bootstrap-0 is away", "kafka.net.connection"),
        ("stopped", "tuntas.intake"),
        ("stopped", "tuntas.intake"),
        ("stopped", "kafkaesque"),
        ("stopped", "kafkaesque"),
    ]
    for line, name in lines:
        assert said(filtering, line, 5.0, name) == line
    assert said(filtering, *lines[0][:1], 5.5) == ""


def test_a_process_says_what_its_client_repeats_once(log: io.StringIO) -> None:
    for _ in range(10):
        logging.getLogger("kafka.net.manager").error("Connection failed: %s", KafkaTimeoutError())
    assert log.getvalue().count("Connection failed") == 1


def test_memory_of_what_was_said_is_bounded() -> None:
    filtering = Sparing("kafka", AGAIN_SECONDS)
    for number in range(2_500):
        assert said(filtering, f"answer {number} is late", 1.0)
    assert len(filtering._said) <= 1_000  # noqa: SLF001
