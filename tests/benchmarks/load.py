"""Requests a second and latencies of an HTTP server, as much as it can take (`load`) or at a steady rate (`steadily`).

By public tools where they are installed, `wrk` and `vegeta`, which take little of the machine; by a client of our own
otherwise, which is Python and competes with the server for the cores. Which one it was stands beside the figures.
"""

import asyncio
import random
import re
import shutil
import subprocess
from collections.abc import Sequence
from math import ceil
from pathlib import Path
from time import perf_counter
from typing import Final
from urllib.parse import urlsplit

import msgspec
from msgspec import Struct

CONNECTIONS: Final = 16
SCRIPT: Final = """\
local paths = {}
for line in io.lines(os.getenv("PATHS")) do paths[#paths + 1] = line end
math.randomseed(20200630)
wrk.headers["Authorization"] = os.getenv("AUTHORIZATION")
request = function() return wrk.format("GET", paths[math.random(#paths)]) end
done = function(summary, latency, requests)
  local e = summary.errors
  io.write(string.format("RESULT %d %d %d %d %d %d\\n", summary.requests, summary.duration,
    e.connect + e.read + e.write + e.status + e.timeout,
    latency:percentile(50), latency:percentile(99), latency.max))
end
"""
RESULT: Final = re.compile(r"RESULT (\d+) (\d+) (\d+) (\d+) (\d+) (\d+)")


class Loaded(Struct, frozen=True):
    """What one stretch of load found; latencies in milliseconds."""

    tool: str
    requests_per_second: float
    p50_ms: float
    p99_ms: float
    max_ms: float
    errors: int
    """Answers other than 2xx and 3xx, timeouts, broken connections."""


def load(base_url: str, paths: Sequence[str], token: str, seconds: int, folder: Path) -> Loaded:
    """Asks for the paths at random over CONNECTIONS connections for so long."""
    if shutil.which("wrk") is None:
        return asyncio.run(_own(base_url, paths, token, seconds))
    (folder / "paths").write_text("".join(f"{path}\n" for path in paths))
    (folder / "load.lua").write_text(SCRIPT)
    done = subprocess.run(
        [
            *("wrk", "--threads", "1", "--connections", str(CONNECTIONS)),
            *("--duration", f"{seconds}s", "--timeout", "5s"),
            *("--script", str(folder / "load.lua"), base_url),
        ],
        check=True,
        capture_output=True,
        text=True,
        env={
            "PATHS": str(folder / "paths"),
            "AUTHORIZATION": f"Bearer {token}",
            "PATH": "/usr/bin",
        },
    )
    said = RESULT.search(done.stdout)
    if said is None:
        raise ValueError(f"wrk said something else: {done.stdout}")
    requests, duration, errors, p50, p99, most = (int(text) for text in said.groups())
    return Loaded(
        "wrk, 1 thread", requests / duration * 1e6, p50 / 1e3, p99 / 1e3, most / 1e3, errors
    )


def steadily(
    base_url: str, paths: Sequence[str], token: str, rate: int, seconds: int, folder: Path
) -> Loaded:
    """Asks ``rate`` times a second, whatever the answers take: a slow answer does not delay the next question."""
    if shutil.which("vegeta") is None:
        return asyncio.run(_own_steadily(base_url, paths, token, rate, seconds))
    targets = folder / "targets"
    targets.write_text(
        "".join(f"GET {base_url}{path}\nAuthorization: Bearer {token}\n\n" for path in paths)
    )
    attack = subprocess.run(
        [
            *("vegeta", "attack", "-targets", str(targets), "-rate", f"{rate}/s"),
            *("-duration", f"{seconds}s", "-timeout", "5s", "-connections", str(CONNECTIONS)),
        ],
        check=True,
        capture_output=True,
    )
    report = subprocess.run(
        ["vegeta", "report", "-type", "json"], check=True, capture_output=True, input=attack.stdout
    )
    said = msgspec.json.decode(report.stdout, type=_Vegeta)
    return Loaded(
        f"vegeta, {rate:,}/s",
        said.throughput,
        said.latencies.p50 / 1e6,
        said.latencies.p99 / 1e6,
        said.latencies.max / 1e6,
        round(said.requests * (1 - said.success)),
    )


class _Latencies(Struct):
    """Nanoseconds."""

    max: float
    p50: float = msgspec.field(name="50th")
    p99: float = msgspec.field(name="99th")


class _Vegeta(Struct):
    """What is read of vegeta's report; ``success`` 0 to 1."""

    latencies: _Latencies
    throughput: float
    requests: int
    success: float


async def _own_steadily(
    base_url: str, paths: Sequence[str], token: str, rate: int, seconds: int
) -> Loaded:
    """The same by asyncio: each question has its time, and its latency counts from there."""
    address = urlsplit(base_url)
    latencies: list[float] = []
    errors = 0
    began = perf_counter()
    due = iter(range(rate * seconds))

    async def ask() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        chance = random.Random()
        for number in due:
            at = began + number / rate
            await asyncio.sleep(max(0.0, at - perf_counter()))
            request = _request(chance.choice(paths), address.netloc, token)
            errors += not await _answered(reader, writer, request)
            latencies.append(perf_counter() - at)
        writer.close()

    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    spent = perf_counter() - began
    return Loaded(
        f"Python's asyncio, {rate:,}/s",
        len(latencies) / spent,
        percentile(latencies, 50) * 1e3,
        percentile(latencies, 99) * 1e3,
        max(latencies) * 1e3,
        errors,
    )


def _request(path: str, host: str, token: str) -> bytes:
    return f"GET {path} HTTP/1.1\r\nHost: {host}\r\nAuthorization: Bearer {token}\r\n\r\n".encode()


async def _answered(
    reader: asyncio.StreamReader, writer: asyncio.StreamWriter, request: bytes
) -> bool:
    """Whether the answer, read to its end, is 2xx or 3xx."""
    writer.write(request)
    head = await reader.readuntil(b"\r\n\r\n")
    length = re.search(rb"(?i)content-length: (\d+)", head)
    if length is None:
        raise ValueError("an answer without a length")
    await reader.readexactly(int(length[1]))
    return head.startswith((b"HTTP/1.1 2", b"HTTP/1.1 3"))


async def _own(base_url: str, paths: Sequence[str], token: str, seconds: int) -> Loaded:
    """The same by asyncio, one request at a time on each connection."""
    address = urlsplit(base_url)
    latencies: list[float] = []
    errors = 0
    end = perf_counter() + seconds

    async def ask() -> None:
        nonlocal errors
        reader, writer = await asyncio.open_connection(address.hostname, address.port)
        chance = random.Random()
        while (began := perf_counter()) < end:
            request = _request(chance.choice(paths), address.netloc, token)
            errors += not await _answered(reader, writer, request)
            latencies.append(perf_counter() - began)
        writer.close()

    began = perf_counter()
    await asyncio.gather(*(ask() for _ in range(CONNECTIONS)))
    spent = perf_counter() - began
    return Loaded(
        "Python's asyncio",
        len(latencies) / spent,
        percentile(latencies, 50) * 1e3,
        percentile(latencies, 99) * 1e3,
        max(latencies) * 1e3,
        errors,
    )


def percentile(values: Sequence[float], percent: float) -> float:
    """The smallest value that so many percent of the values do not exceed."""
    ordered = sorted(values)
    return ordered[max(0, ceil(len(ordered) * percent / 100) - 1)]
