"""The jars of an Apache Kafka broker: fetched once by Maven, kept in the user's cache folder."""

import os
import shutil
import tempfile
from pathlib import Path
from typing import Final
from xml.etree import ElementTree as ET

from services.embedded.apache_kafka.tool import run_tool
from services.embedded.leash import ServerFailed

MAVEN: Final = ("mvn", "--batch-mode", "--quiet", "dependency:copy-dependencies")
POM: Final = Path(__file__).with_name("pom.xml")
FETCH_TIMEOUT_SECONDS: Final = 600


def missing_programs() -> list[str]:
    """Which of the programs that Apache Kafka needs here are not on the path; empty: none."""
    return [program for program in ("java", "mvn") if shutil.which(program) is None]


def kafka_version() -> str:
    """The version of Apache Kafka that pom.xml pins."""
    pom = {"pom": "http://maven.apache.org/POM/4.0.0"}
    tree = ET.parse(POM)  # noqa: S314 - a file of this package, not of strangers
    version = tree.findtext(
        "pom:dependencies/pom:dependency[pom:artifactId='kafka_2.13']/pom:version", namespaces=pom
    )
    if version is None:
        raise ServerFailed(f"{POM} names no version of kafka_2.13")
    return version


def jars_dir() -> Path:
    """The folder of the jars, which Maven fills when it is missing; may block for minutes then.

    Raises ServerFailed when Maven is missing or fails. Safe to call from several processes at once.
    """
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "tuntas"
    jars = cache / f"kafka-{kafka_version()}"
    if jars.is_dir():
        return jars
    if missing := missing_programs():
        raise ServerFailed(f"Apache Kafka needs {' and '.join(missing)} on the path.")
    cache.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=cache) as folder:
        shutil.copy(POM, folder)  # Maven may write beside it
        run_tool(
            [*MAVEN, f"-DoutputDirectory={folder}/jars"],
            purpose="Fetching Apache Kafka by Maven",
            timeout_seconds=FETCH_TIMEOUT_SECONDS,
            folder=Path(folder),
        )
        try:
            # One step, so that a folder with this name always is complete.
            (Path(folder) / "jars").rename(jars)
        except OSError:
            if not jars.is_dir():  # otherwise another process was faster, with the same jars
                raise
    return jars
