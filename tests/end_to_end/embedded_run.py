"""`tuntas` at a terminal: commands in an empty folder, and runs on the embedded defaults."""

import json
import os
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from signal import SIGTERM
from subprocess import PIPE, STDOUT, CompletedProcess, Popen
from time import monotonic, sleep
from typing import Any

import httpx
import psutil

REPOSITORY = Path(__file__).parents[2]
TUNTAS = (sys.executable, "-m", "services.cli")
TIMEOUT_SECONDS = 120.0


def environment(state_dir: Path, **settings: str) -> dict[str, str]:
    """A user's environment: no settings but the state directory and those given."""
    kept = {name: value for name, value in os.environ.items() if not name.startswith("TUNTAS_")}
    return kept | {
        "PYTHONPATH": str(REPOSITORY),
        "COLUMNS": "200",
        "TUNTAS_STATE_DIR": str(state_dir),
        **settings,
    }


def tuntas(state_dir: Path, *arguments: str, **settings: str) -> CompletedProcess[str]:
    """A command, run to its end beside the state directory."""
    return subprocess.run(
        [*TUNTAS, *arguments],
        cwd=state_dir.parent,
        env=environment(state_dir, **settings),
        capture_output=True,
        text=True,
        timeout=TIMEOUT_SECONDS,
        check=False,
    )


class Up:
    """A `tuntas up` of one state directory."""

    def __init__(self, state_dir: Path, *arguments: str) -> None:
        """Starts it, and does not wait for it."""
        self.state_dir = state_dir
        self._places: dict[str, Any] = {}
        self._process = Popen(
            [*TUNTAS, "up", *arguments],
            cwd=state_dir.parent,
            env=environment(state_dir),
            stdout=PIPE,
            stderr=STDOUT,
            text=True,
        )

    def wait_until_it_runs(self) -> None:
        """Blocks until it says that everything runs; fails with what it said when it ends."""
        assert self._process.stdout is not None
        said: list[str] = []
        for line in self._process.stdout:
            said.append(line)
            if "Everything runs" in line:
                return
        raise AssertionError("".join(said))

    def descendants(self) -> list[psutil.Process]:
        """Every process that it started, and that those started."""
        found: list[psutil.Process] = psutil.Process(self._process.pid).children(recursive=True)
        return found

    def terminate(self) -> int:
        """Its exit code after SIGTERM."""
        self._process.send_signal(SIGTERM)
        self._process.communicate(timeout=TIMEOUT_SECONDS)
        return self._process.returncode

    def ensure_ended(self) -> None:
        if self._process.poll() is None:
            self.terminate()

    def status(self) -> dict[str, Any]:
        """What `tuntas status --json` tells of it."""
        ran = tuntas(self.state_dir, "status", "--json")
        assert ran.returncode == 0, ran.stderr
        told: dict[str, Any] = json.loads(ran.stdout)
        return told

    def ask(self, path: str) -> Any:
        """The JSON answer of its API to an evaluator."""
        self._places = self._places or self.status()
        headers = {"Authorization": f"Bearer {self._places['evaluator_token']}"}
        answer = httpx.get(self._places["api_url"] + path, headers=headers, timeout=60)
        return answer.raise_for_status().json()

    def wait_until_read(self, records: int) -> None:
        """Blocks until so many records have their outcome, all runs of this state directory together."""
        deadline = monotonic() + TIMEOUT_SECONDS
        while (read := self.ask("/v1/intake")["totals"]["offsets_read"]) < records:
            assert monotonic() < deadline, f"{read} of {records} records were read"
            sleep(0.1)
        assert read == records


@contextmanager
def up(state_dir: Path, *arguments: str) -> Iterator[Up]:
    """A run that is under way; ended when the block is left."""
    run = Up(state_dir, *arguments)
    try:
        run.wait_until_it_runs()
        yield run
    finally:
        run.ensure_ended()
