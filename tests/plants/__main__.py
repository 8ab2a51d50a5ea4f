"""``make plant``: plants one defect at a time and shows which suite turns red; ends with 1 where none does."""

from __future__ import annotations

import argparse
import os
import signal
import sys
import time
from pathlib import Path
from subprocess import DEVNULL, STDOUT, Popen, TimeoutExpired
from tempfile import TemporaryDirectory
from typing import Final, NamedTuple

from tests.plants.plants import Plant, copy_tree, planted, plants

MOST_SECONDS: Final = 1_200.0
"""Of one suite: one that hangs is red as well."""
SIMULATION: Final = "simulate"
FAILED: Final = ("FAILED ", "seed ")
"""What pytest, and what the simulation says that turns red: a suite that cannot run proves nothing."""


class Found(NamedTuple):
    """Which suite turned red, and after how long; None: none did."""

    suite: str | None
    seconds: float


def command(suite: str, processes: int) -> list[str]:
    """What runs a suite."""
    kind, *arguments = suite.split()
    if kind == SIMULATION:
        asked = ["--seeds", *arguments, "--processes", str(processes)]
        return [sys.executable, "-m", "tests.simulation", *asked]
    return [sys.executable, "-m", "pytest", "-q", "-x", "-p", "no:cacheprovider", kind, *arguments]


def is_red(suite: str, root: Path, processes: int) -> bool:
    """Whether the suite fails on the tree, or hangs; raises RuntimeError when it does not run."""
    environment = os.environ | {"PYTHONPATH": str(root), "PYTHONDONTWRITEBYTECODE": "1"}
    log = root / "suite.log"
    with (
        log.open("wb") as output,
        Popen(
            command(suite, processes),
            cwd=root,
            env=environment,
            stdin=DEVNULL,
            stdout=output,
            stderr=STDOUT,
            start_new_session=True,
        ) as running,
    ):
        try:
            code = running.wait(MOST_SECONDS)
        except TimeoutExpired:
            os.killpg(running.pid, signal.SIGKILL)  # the group that this run began
            return True
    said = log.read_text(errors="replace")
    is_simulation = suite.split(maxsplit=1)[0] == SIMULATION
    if code != 0 and (code != 1 or FAILED[is_simulation] not in said):
        raise RuntimeError(f"{suite} did not run: {said[-2000:]}")
    return code != 0


def tried(plant: Plant, root: Path, processes: int) -> Found:
    """What catches a defect."""
    started = time.monotonic()
    with planted(plant, root):
        for suite in plant.suites:
            if is_red(suite, root, processes):
                return Found(suite, time.monotonic() - started)
    return Found(None, time.monotonic() - started)


def main() -> int:
    """0, or 1 where a defect stays green that may do harm."""
    parser = argparse.ArgumentParser()
    parser.add_argument("names", nargs="*", help="these only")
    parser.add_argument("--processes", type=int, default=os.cpu_count() or 1)
    given = parser.parse_args()
    wanted = [each for each in plants() if not given.names or each.name in given.names]
    stayed_green = 0
    with TemporaryDirectory(prefix="tuntas-plants-") as folder:
        root = Path(folder)
        copy_tree(root)
        for plant in wanted:
            found = tried(plant, root, given.processes)
            verdict = found.suite or ("harmless" if plant.harmless else "NOT CAUGHT")
            stayed_green += found.suite is None and not plant.harmless
            print(f"{plant.name:30} {found.seconds:6.0f} s  {verdict}", flush=True)
    print(f"{len(wanted) - stayed_green} of {len(wanted)} are caught, or can do no harm")
    return int(stayed_green > 0)


if __name__ == "__main__":
    sys.exit(main())
