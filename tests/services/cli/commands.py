"""Commands of `tuntas` that run to their end: services as children, the others in the process of the tests."""

import os
import subprocess
import sys
from collections.abc import Sequence
from contextlib import chdir, redirect_stderr, redirect_stdout
from io import StringIO
from pathlib import Path
from subprocess import CompletedProcess
from unittest.mock import patch

from services.cli.app import main

REPOSITORY = Path(__file__).parents[3]
OWN_PROCESS = ("ingest", "project", "api", "up", "demo", "health")
"""Commands that deal with signals, or end their process at once."""
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
    settings = environment(folder, database_url, **settings)
    if arguments[:1] not in {(name,) for name in OWN_PROCESS}:
        return called(folder, arguments, settings)
    return subprocess.run(
        command(arguments),
        cwd=folder,
        env=settings,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )


def called(
    folder: Path, arguments: Sequence[str], settings: dict[str, str]
) -> "CompletedProcess[str]":
    """What a command said and ended with whose entry point was called here: it need not load anything."""
    said, complained = StringIO(), StringIO()
    code = 0
    with (
        chdir(folder),
        patch.dict(os.environ, settings, clear=True),
        patch.object(sys, "argv", ["tuntas", *arguments]),
        redirect_stdout(said),
        redirect_stderr(complained),
    ):
        try:
            main()
        except SystemExit as ended:
            code = int(ended.code or 0)
    return CompletedProcess(arguments, code, said.getvalue(), complained.getvalue())
