"""Requests as no well-meaning client sends them, to a real server: each has an answer, none makes it fail."""

import json
import os
import socket
import subprocess
import sys
from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from services.embedded.postgres import EmbeddedPostgres
from services.simulator import SimulatedRecord
from tests.services.http.conftest import EVALUATOR, TOKENS, serving, settings_for, write_season
from tests.services.http.desk import Desk
from tests.services.http.test_limits import read

AUTHORIZED = f"Authorization: Bearer {EVALUATOR}\r\n".encode()


@pytest.fixture(scope="module")
def address(
    postgres_server: EmbeddedPostgres, season: list[SimulatedRecord]
) -> Iterator[tuple[str, int]]:
    """A real server over a season."""
    database_url = postgres_server.create_database("season_of_odd_requests")
    desk = Desk(database_url)
    write_season(desk, season[:1_000])
    desk.add_up()
    with serving(settings_for(database_url, TUNTAS_API_PORT="0")) as found:
        yield found
    desk.session.close()
    postgres_server.drop_database("season_of_odd_requests")


def answer_to(address: tuple[str, int], request: bytes) -> tuple[int, dict[str, str], bytes]:
    """Status, headers and body of the first answer."""
    with socket.create_connection(address, 10) as connection:
        connection.sendall(request)
        whole = read(connection)
    head, _, body = whole.partition(b"\r\n\r\n")
    first, *lines = head.decode("latin-1").split("\r\n")
    headers = {name.lower(): value for name, _, value in (line.partition(": ") for line in lines)}
    return int(first.split()[1]), headers, body


def ask(
    address: tuple[str, int],
    target: bytes,
    method: bytes = b"GET",
    headers: bytes = b"Host: api\r\n",
    version: bytes = b"1.1",
) -> tuple[int, dict[str, str], bytes]:
    line = b" ".join((method, target, b"HTTP/" + version))
    return answer_to(address, line + b"\r\n" + headers + AUTHORIZED + b"Connection: close\r\n\r\n")


@pytest.mark.parametrize(
    ("target", "expected"),
    [
        (b"/v1/purchased-classes?limit=0", 422),
        (b"/v1/purchased-classes?limit=", 422),
        (b"/v1/purchased-classes?limit=1&limit=1", 422),
        (b"/v1/purchased-classes?LIMIT=1", 422),
        (b"/v1/purchased-classes?class_code=%00", 422),
        (b"/v1/purchased-classes?class_code=%FF", 422),
        (b"/v1/purchased-classes?class_code=%ED%A0%80", 422),
        (b"/v1/purchased-classes?%00=1", 422),
        (b"/v1/purchased-classes?=", 422),
        (b"/v1/purchased-classes?&&&", 200),
        (b"/v1/purchased-classes?" + b"&" * 10_000, 200),
        (b"/v1/purchased-classes?" + b"a=1&" * 3_000, 422),
        (b"/v1/purchased-classes?" + b"limit=1&" * 1_900, 422),
        (b"/v1/purchased-classes?class_code=" + b"%F0%9F%98%80" * 256, 200),
        (b"/v1/purchased-classes?class_code=" + b"%F0%9F%98%80" * 257, 422),
        (b"/v1/purchased-classes?as_of=2020-12-31T00:00:00+07:00", 200),
        (b"/v1/purchased-classes?as_of=9" + b"9" * 5_000, 422),
        (b"/v1/purchased-classes#fragment", 200),
        (b"/v1/purchases/tokopedia/%FF", 404),
        (b"/v1/purchases/tokopedia/%", 404),
        (b"/v1/purchases/tokopedia/%zz", 404),
        (b"/v1/purchases/tokopedia/" + b"%F0%9F%98%80" * 1_000, 404),
        (b"/v1/purchases/tokopedia/a/b", 404),
        (b"/v1/purchases/tokopedia/", 404),
        (b"/v1/participants//classes", 404),
        (b"//v1/intake", 404),
        (b"/v1//intake", 404),
        (b"/v1/intake/", 404),
        (b"/v1/./intake", 404),
        (b"/V1/intake", 404),
        (b"/v1/intake;a=b", 404),
        (b"/%761/intake", 404),
        (b"/", 303),
        (b"/institutions?limit=0", 303),
        (b"/login?next=%FF", 200),
        (b"/login?next=//elsewhere", 200),
        (b"/find?q=%00", 303),
        (b"/find?q=%0d%0aSet-Cookie:x=y", 303),
        (b"http://elsewhere/v1/intake", 200),
        (b"/static/none.css", 404),
        (b"/static/../v1/intake", 404),
    ],
)
def test_odd_targets(address: tuple[str, int], target: bytes, expected: int) -> None:
    status, headers, body = ask(address, target)
    assert status == expected, body[:300]
    assert "set-cookie" not in headers
    if status >= 400:
        assert headers["content-type"] == "application/problem+json"
        assert json.loads(body)["status"] == status
        assert len(body) < 5_000 + len(target), "an answer is not many times what was asked"


@pytest.mark.parametrize("method", [b"OPTIONS", b"TRACE", b"PUT", b"DELETE", b"PATCH", b"PROPFIND"])
@pytest.mark.parametrize("target", [b"/v1/intake", b"/livez", b"/docs", b"/", b"/login"])
def test_methods_that_would_write_are_not_there(
    address: tuple[str, int], method: bytes, target: bytes
) -> None:
    status, headers, _ = ask(address, target, method)
    assert status == 405
    assert "GET" in headers["allow"]


@pytest.mark.parametrize(
    "request_bytes",
    [
        b"OPTIONS * HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"GET * HTTP/1.1\r\nConnection: close\r\n\r\n",
        b"FETCH /livez HTTP/1.1\r\nHost: api\r\n\r\n",
        b"get /livez HTTP/1.1\r\nHost: api\r\n\r\n",
        b"GET /livez HTTP/3.0\r\n\r\n",
        b"GET /li vez HTTP/1.1\r\n\r\n",
        b"GET /\x00 HTTP/1.1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nHost : api\r\n\r\n",
        b"GET /livez HTTP/1.1\r\nX: a\x00b\r\n\r\n",
        b"GET /livez HTTP/1.1\r\ncontent-length: -1\r\n\r\n",
        b"GET /livez HTTP/1.1\r\ncontent-length: 1\r\ncontent-length: 2\r\n\r\n",
        b"GET /livez HTTP/1.1\r\ntransfer-encoding: chunked\r\n\r\nzz\r\n",
    ],
)
def test_what_is_no_request_is_told_so(address: tuple[str, int], request_bytes: bytes) -> None:
    status, _, _ = answer_to(address, request_bytes)
    assert status in {400, 404, 405}


@pytest.mark.parametrize(
    "headers",
    [
        b"",
        b"Host: \r\n",
        b"Host: [::1\r\n",
        b"Host: a/b?c#d\r\n",
        b"Host: \xff\xfe\r\n",
        b"Host: one\r\nHost: two\r\n",
        b"Host: api\r\nAccept: \xff;q=x\r\n",
        b"Host: api\r\nAccept: " + b"a/b," * 5_000 + b"*/*\r\n",
        b"Host: api\r\nAccept: */*;q=nan\r\n",
        b"Host: api\r\nCookie: " + b"a=b; " * 2_000 + b"\r\n",
        b"Host: api\r\nUpgrade: websocket\r\nConnection: Upgrade\r\n",
        b"Host: api\r\nExpect: 100-continue\r\n",
        b"Host: api\r\nX-Forwarded-For: nonsense\r\nX-Forwarded-Proto: gopher\r\n",
        b"Host: api\r\nRange: bytes=0-1\r\n",
        b"Host: api\r\nX-HTTP-Method-Override: DELETE\r\n",
    ],
)
@pytest.mark.parametrize("target", [b"/v1/intake", b"/v1/nothing", b"/", b"/nothing", b"/login"])
def test_odd_headers(address: tuple[str, int], headers: bytes, target: bytes) -> None:
    status, _, body = ask(address, target, headers=headers)
    assert status in {200, 303, 404, 406}, body[:300]


@pytest.mark.parametrize("target", [b"/v1/intake", b"/livez", b"/login"])
def test_http_1_0_is_answered(address: tuple[str, int], target: bytes) -> None:
    status, headers, body = ask(address, target, version=b"1.0", headers=b"")
    assert status == 200
    assert int(headers["content-length"]) == len(body)


@pytest.mark.slow
@pytest.mark.parametrize("seconds", [20, pytest.param(90, marks=pytest.mark.long)])
def test_random_requests_find_no_failure(
    address: tuple[str, int], tmp_path: Path, seconds: int
) -> None:
    """By an evaluator and by a partner, at the same time."""
    with ThreadPoolExecutor() as callers:
        tokens = (EVALUATOR, TOKENS["pintaria"])
        runs = [
            callers.submit(random_requests, address, each, tmp_path, seconds) for each in tokens
        ]
    for run in runs:
        ended = run.result()
        assert ended.returncode == 0, ended.stdout[-6000:] + ended.stderr[-2000:]


def random_requests(
    address: tuple[str, int], token: str, folder: Path, seconds: int
) -> "subprocess.CompletedProcess[str]":
    """What came of them, within so many seconds."""
    host, port = address
    return subprocess.run(
        [
            *(sys.executable, "-m", "schemathesis.cli", "run"),
            f"http://{host}:{port}/openapi.json",
            *("--header", f"Authorization: Bearer {token}"),
            *("--checks", "not_a_server_error,status_code_conformance,content_type_conformance"),
            *("--checks", "response_schema_conformance,unsupported_method"),
            *("--phases", "examples,coverage,fuzzing"),
            *("--max-examples", "15", "--generation-deterministic"),
            *("--max-time", str(seconds)),
        ],
        capture_output=True,
        text=True,
        timeout=240,
        cwd=folder,
        env={**os.environ, "NO_COLOR": "1"},
        check=False,
    )
