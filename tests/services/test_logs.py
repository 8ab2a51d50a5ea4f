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

from services.logs import configure


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
