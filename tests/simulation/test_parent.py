"""Who runs seeds ends with whoever began it, even when that one is killed."""

import subprocess
import sys
from collections.abc import Callable
from pathlib import Path
from time import monotonic, sleep

import psutil

REPOSITORY = Path(__file__).parents[2]
WITHIN_SECONDS = 60.0


def test_workers_and_their_servers_end_with_a_killed_parent() -> None:
    command = [sys.executable, "-m", "tests.simulation", "--seeds", "1000000", "--processes", "1"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.DEVNULL) as parent:
        watched = psutil.Process(parent.pid)
        _wait_until(lambda: any(_is_postgres(each) for each in watched.children(recursive=True)))
        begun = watched.children(recursive=True)
        folders = {Path(each.cmdline()[2]).parent for each in begun if _is_postgres(each)}
        parent.kill()
    _, alive = psutil.wait_procs(begun, timeout=WITHIN_SECONDS)
    for each in alive:
        each.kill()
    assert not alive
    assert folders
    assert not any(folder.exists() for folder in folders)


def test_who_is_told_to_end_plays_what_was_begun() -> None:
    portions_of_two = "import sys; from tests.simulation import __main__ as it; it.AT_ONCE = 2; sys.exit(it.main())"
    command = [sys.executable, "-c", portions_of_two, "--seeds", "1000000", "--processes", "1"]
    with subprocess.Popen(command, cwd=REPOSITORY, stdout=subprocess.PIPE, text=True) as parent:
        assert parent.stdout is not None
        first = parent.stdout.readline()
        parent.terminate()
        *_, last = [first, *parent.stdout]
        assert parent.wait(WITHIN_SECONDS) == 0
    assert " 2 seeds" in first
    assert " 4 seeds" in last or last == first  # it may not have begun the next two yet


def _is_postgres(process: psutil.Process) -> bool:
    """Whether it is a server's first process, by its command line ``postgres -D data``."""
    try:
        command = process.cmdline()
    except psutil.NoSuchProcess:
        return False
    return len(command) > 2 and command[0].endswith("postgres") and command[1] == "-D"


def _wait_until(is_so: Callable[[], bool]) -> None:
    deadline = monotonic() + WITHIN_SECONDS
    while not is_so():
        assert monotonic() < deadline
        sleep(0.05)
