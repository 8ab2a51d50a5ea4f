"""Commands of `tuntas` as children that run to their end, or are stopped after a while."""

import os
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from subprocess import CompletedProcess

REPOSITORY = Path(__file__).parents[3]
NOBODY = "127.0.0.1:9"
"""An address at which nobody listens."""


def environment(folder: Path, database_url: str, **settings: str) -> dict[str, str]:
    """A user's environment with these settings, and none meant for other runs."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNTAS_")}
    return kept | {
        "PYTHONPATH": str(REPOSITORY),
        "COLUMNS": "400",
        "TUNTAS_KAFKA_BOOTSTRAP": NOBODY,
        "TUNTAS_DATABASE_URL": database_url,
        "TUNTAS_STATE_DIR": str(folder / "state"),
        "TUNTAS_API_PORT": "0",
        **settings,
    }


def command(arguments: Sequence[str]) -> list[str]:
    return [sys.executable, "-m", "services.cli", *arguments]


def run(
    folder: Path, database_url: str, *arguments: str, **settings: str
) -> "CompletedProcess[str]":
    """A command that ran to its end."""
    return subprocess.run(
        command(arguments),
        cwd=folder,
        env=environment(folder, database_url, **settings),
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
