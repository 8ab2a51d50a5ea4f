"""What a client can hold of a real server: heads, bodies, time, connections, unread answers."""

import gc
import socket
import time
from collections.abc import Iterator
from contextlib import ExitStack, suppress
from pathlib import Path

import psutil
import pytest

from services.http import protocol
from services.http.connections import Connections
from tests.services.http.conftest import serving, settings_for

NOWHERE = "postgresql://x@/y?host=/nowhere"
LIVEZ = b"GET /livez HTTP/1.1\r\nHost: h\r\nConnection: close\r\n\r\n"
HALF_OPEN = 500


@pytest.fixture
def address() -> Iterator[tuple[str, int]]:
    """A server that has no database."""
    with serving(settings_for(NOWHERE, TUNTAS_API_PORT="0")) as found:
        yield found


def open_to(address: tuple[str, int], seconds: float = 10) -> socket.socket:
    return socket.create_connection(address, seconds)


def read(connection: socket.socket) -> bytes:
    """Everything until the server ends the connection."""
    found = b""
    with suppress(ConnectionResetError):
        while part := connection.recv(65_536):
            found += part
    return found


def told(address: tuple[str, int], request: bytes) -> bytes:
    """What a connection answers to some bytes until it ends."""
    with open_to(address) as connection:
        with suppress(ConnectionError):
            connection.sendall(request)
        return read(connection)


def status(answer: bytes) -> int:
    return int(answer.split(b" ", 2)[1])


def alive_ms(address: tuple[str, int]) -> float:
    """The slowest of three looks at /livez."""
    slowest = 0.0
    for _ in range(3):
        began = time.perf_counter()
        assert status(told(address, LIVEZ)) == 200
        slowest = max(slowest, time.perf_counter() - began)
    return slowest * 1000


@pytest.mark.parametrize(
    ("request_bytes", "expected"),
    [
        (b"GET /" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /livez?" + b"a" * 20_000 + b" HTTP/1.1\r\n\r\n", 414),
        (b"GET /livez HTTP/1.1\r\nx: " + b"a" * 200_000, 431),
        (b"GET /livez HTTP/1.1\r\n" + b"a" * 200_000, 431),
        (b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 200, 431),
        (b"GET /livez HTTP/1.1\r\n" + b"a: b\r\n" * 200 + b"\r\n", 431),
        (b"POST /login HTTP/1.1\r\ncontent-length: 9999999\r\n\r\n" + b"a" * 200_000, 413),
        (b"nonsense\r\n\r\n", 400),
        (b"\x16\x03\x01\x02\x00\x01\x00", 400),
        (b"PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n", 400),
        (b"GET http://h HTTP/1.1\r\n\r\n", 400),
        (b"CONNECT h:1 HTTP/1.1\r\n\r\n", 400),
        (b"GET /livez HTTP/1.1\r\ncontent-length: 3\r\ntransfer-encoding: chunked\r\n\r\n", 400),
    ],
)
def test_a_request_that_exceeds_a_limit_is_told_so_and_ends(
    address: tuple[str, int], request_bytes: bytes, expected: int
) -> None:
    answer = told(address, request_bytes)
    assert status(answer) == expected
    assert b"application/problem+json" in answer
    assert status(told(address, LIVEZ)) == 200


def test_what_is_sent_late_is_not_waited_for(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "HEAD_SECONDS", 0.3)
    monkeypatch.setattr(protocol, "BODY_SECONDS", 0.3)
    assert told(address, b"") == b""
    assert status(told(address, b"GET /livez HTTP/1.1\r\nx: ")) == 408
    assert told(address, b"\r\n") == b""
    assert status(told(address, b"POST /login HTTP/1.1\r\ncontent-length: 9\r\n\r\nab")) == 408
    began = time.monotonic()
    with open_to(address) as connection, suppress(ConnectionError):
        for byte in b"GET /livez HTTP/1.1\r\nsent-in-time: each byte, but not all\r\n\r\n":
            connection.send(bytes([byte]))
            time.sleep(0.02)
        answer = read(connection)
        assert status(answer) == 408
    assert time.monotonic() - began < 5


def test_a_connection_may_be_kept_and_asked_again(address: tuple[str, int]) -> None:
    with open_to(address) as connection:
        for _ in range(3):
            connection.sendall(LIVEZ.replace(b"Connection: close\r\n", b""))
            assert connection.recv(65_536).startswith(b"HTTP/1.1 200")
        connection.sendall(b"GET /livez HTTP/1.0\r\n\r\n")
        assert read(connection).startswith(b"HTTP/1.1 200")


def test_requests_in_one_piece_are_answered_in_turn(address: tuple[str, int]) -> None:
    request = LIVEZ.replace(b"Connection: close\r\n", b"")
    assert told(address, request * 20 + LIVEZ).count(b'{"status":"alive"}') == 21
    assert told(address, request * 5_000).count(b'{"status":"alive"}') <= protocol.MOST_PIPELINED
    assert status(told(address, LIVEZ)) == 200


def test_half_open_connections_keep_nobody_out(address: tuple[str, int]) -> None:
    starts = (
        b"",
        b"GET /livez HTTP/1.1\r\nx: y",
        b"POST /login HTTP/1.1\r\nContent-Length: 9\r\n\r\n",
    )
    with ExitStack() as held:
        for number in range(HALF_OPEN):
            connection = held.enter_context(open_to(address))
            connection.sendall(starts[number % 3])
        told(address, LIVEZ)  # the burst itself was taken in
        assert alive_ms(address) < 100


def test_megabytes_of_headers_take_no_memory_and_no_time(address: tuple[str, int]) -> None:
    assert alive_ms(address) < 100
    gc.collect()
    process = psutil.Process()
    before = process.memory_info().rss
    headers = b"a: b\r\n" * 5_500
    with ExitStack() as held:
        for _ in range(1_000):  # 32 MB in all
            connection = held.enter_context(open_to(address))
            with suppress(ConnectionError):
                connection.sendall(b"GET /livez HTTP/1.1\r\n" + headers)
        told(address, LIVEZ)
        assert alive_ms(address) < 100
        with open_to(address) as connection, suppress(ConnectionError):
            connection.sendall(b"GET /livez HTTP/1.1\r\n" + headers * 1_000)
        assert alive_ms(address) < 100
        assert process.memory_info().rss - before < 20 << 20


def test_an_answer_that_is_not_read_ends(
    address: tuple[str, int], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(protocol, "UNREAD_SECONDS", 0.5)
    ours = psutil.Process()

    def connections() -> int:
        return sum(each.laddr[1] == address[1] for each in ours.net_connections("tcp"))

    idle = connections()
    with open_to(address) as connection:
        connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 4_096)
        with suppress(ConnectionError):
            # Far more than the buffers between the two hold.
            for _ in range(400):
                connection.sendall(b"GET /openapi.json HTTP/1.1\r\n\r\n" * 20)
        deadline = time.monotonic() + 10
        while connections() > idle:
            assert time.monotonic() < deadline
            time.sleep(0.05)


class Held:
    """A connection that remembers that it gave way."""

    def __init__(self) -> None:
        self.gone = False

    def give_way(self) -> None:
        self.gone = True


def test_who_waits_longest_gives_way_and_who_is_answered_stays() -> None:
    connections = Connections(most=3, most_of_address=2)
    first, second, third, fourth, fifth = (Held() for _ in range(5))
    assert connections.admit(first, "10.0.0.1") == "10.0.0.1"
    assert connections.admit(second, "10.0.0.1") == "10.0.0.1"
    connections.asks(first, "10.0.0.1")
    assert connections.admit(third, "10.0.0.1")
    assert (first.gone, second.gone) == (False, True)
    connections.asks(third, "10.0.0.1")
    assert connections.admit(fourth, "10.0.0.1") is None, "both are answered"
    assert connections.admit(fourth, "10.0.0.2")
    connections.waits(third, "10.0.0.1")
    assert connections.admit(fifth, "10.0.0.3")
    assert third.gone or fourth.gone
    assert connections.count == 3
    for each in (first, second, third, fourth, fifth):
        for key in ("10.0.0.1", "10.0.0.2", "10.0.0.3"):
            connections.leaves(each, key)
    assert connections.count == 0


def test_addresses_of_one_ipv6_network_are_one_and_proxies_have_no_share() -> None:
    connections = Connections(most=10, most_of_address=1, proxies=("10.0.0.0/8",))
    assert connections.admit(Held(), "2001:db8::1") == connections.admit(Held(), "2001:db8::2")
    assert connections.count == 1
    for _ in range(5):
        assert connections.admit(Held(), "10.1.2.3")
    assert connections.count == 6


def test_the_limits_stand_in_the_document() -> None:
    page = Path("docs/decisions/http-server.md").read_text(encoding="utf-8")
    for figure in (
        f"{protocol.MOST_URL_BYTES // 1024} KiB",
        f"{protocol.MOST_HEAD_BYTES // 1024} KiB",
        f"{protocol.MOST_HEADERS} headers",
        f"{protocol.MOST_BODY_BYTES // 1024} KiB",
        f"{protocol.HEAD_SECONDS:g} s",
        f"{protocol.UNREAD_SECONDS:g} s",
    ):
        assert figure in page
