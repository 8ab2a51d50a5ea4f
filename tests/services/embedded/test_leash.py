"""No server outlives its owner, whichever way the owner ends."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path
from time import monotonic, sleep

import psutil
import pytest

from services.embedded.broker import EmbeddedBroker
from services.embedded.leash import Leash, ServerFailed

# Says that it runs, then waits to be stopped; says so, unless it was told to ignore that.
SERVER = """
import signal, sys, time
def stop(*_):
    print("stopping", flush=True)
    if "stubborn" not in sys.argv: sys.exit(0)
signal.signal(signal.SIGTERM, stop)
print("running", flush=True)
while True: time.sleep(60)
"""

OWNER = """
import sys, time
from pathlib import Path
from services.embedded.{module} import {server}
server = {server}(Path(sys.argv[1]))
server.start()
print("started", flush=True)
time.sleep(600)
"""


def eventually(condition: Callable[[], bool], timeout_seconds: float = 30) -> bool:
    deadline = monotonic() + timeout_seconds
    while not condition():
        if monotonic() > deadline:
            return False
        sleep(0.02)
    return True


def leash_on_a_server(log: Path, *arguments: str, grace_seconds: float = 30) -> Leash:
    command = [sys.executable, "-c", SERVER, *arguments]
    leash = Leash(command, log, grace_seconds=grace_seconds)
    leash.wait_until(lambda: "running" in log.read_text(), timeout_seconds=30)
    return leash


def descendants(pid: int) -> list[psutil.Process]:
    return psutil.Process(pid).children(recursive=True)


def all_gone(processes: list[psutil.Process]) -> bool:
    return not any(
        process.is_running() and process.status() != psutil.STATUS_ZOMBIE for process in processes
    )


@pytest.fixture
def killed_owner() -> Iterator[Callable[[str, str, Path], list[psutil.Process]]]:
    """A function: start a server of that class in a process, SIGKILL it, give what it had started."""
    owners: list[subprocess.Popen[str]] = []

    def kill_owner(module: str, server: str, data_dir: Path) -> list[psutil.Process]:
        owner = subprocess.Popen(
            [sys.executable, "-c", OWNER.format(module=module, server=server), str(data_dir)],
            stdout=subprocess.PIPE,
            text=True,
            env=os.environ | {"PYTHONPATH": str(Path(__file__).parents[3])},
        )
        owners.append(owner)
        assert owner.stdout is not None
        assert owner.stdout.readline() == "started\n"
        children = descendants(owner.pid)
        assert children
        owner.kill()
        owner.wait()
        owner.stdout.close()
        return children

    yield kill_owner
    for owner in owners:
        owner.kill()
        owner.wait()


def test_a_stopped_server_is_asked_first(tmp_path: Path) -> None:
    leash = leash_on_a_server(tmp_path / "log")
    processes = [psutil.Process(leash.pid), *descendants(leash.pid)]
    leash.stop()
    assert leash.log_tail() == "running\nstopping\n"
    assert all_gone(processes)


def test_a_server_that_will_not_stop_is_made_to(tmp_path: Path) -> None:
    leash = leash_on_a_server(tmp_path / "log", "stubborn", grace_seconds=0.2)
    processes = descendants(leash.pid)
    leash.stop()
    assert leash.log_tail() == "running\nstopping\n"
    assert all_gone(processes)


def test_a_killed_server_is_not_asked(tmp_path: Path) -> None:
    leash = leash_on_a_server(tmp_path / "log")
    processes = descendants(leash.pid)
    leash.kill()
    assert leash.log_tail() == "running\n"
    assert all_gone(processes)


def test_stopping_twice_is_harmless(tmp_path: Path) -> None:
    leash = leash_on_a_server(tmp_path / "log")
    leash.stop()
    leash.stop()
    assert not leash.is_running()


def test_a_server_that_ends_while_starting_is_reported_with_its_last_words(tmp_path: Path) -> None:
    leash = Leash([sys.executable, "-c", "print('no room'); exit(3)"], tmp_path / "log")
    with pytest.raises(ServerFailed, match=r"ended while starting.\nno room"):
        leash.wait_until(lambda: False, timeout_seconds=30)


def test_a_server_that_never_gets_ready_is_stopped(tmp_path: Path) -> None:
    leash = leash_on_a_server(tmp_path / "log")
    with pytest.raises(ServerFailed, match=r"not ready within 0.1 s"):
        leash.wait_until(lambda: False, timeout_seconds=0.1)
    assert not leash.is_running()


if sys.platform == "linux":

    def test_the_server_ends_with_its_warden(tmp_path: Path) -> None:
        leash = leash_on_a_server(tmp_path / "log")
        processes = descendants(leash.pid)
        os.kill(leash.pid, signal.SIGKILL)
        assert eventually(lambda: all_gone(processes))
        leash.stop()


def test_the_broker_ends_with_a_killed_owner(
    killed_owner: Callable[[str, str, Path], list[psutil.Process]], tmp_path: Path
) -> None:
    started = killed_owner("broker", EmbeddedBroker.__name__, tmp_path)
    assert eventually(lambda: all_gone(started))


@pytest.mark.slow
@pytest.mark.apache
def test_apache_kafka_ends_with_a_killed_owner(
    killed_owner: Callable[[str, str, Path], list[psutil.Process]], tmp_path: Path
) -> None:
    started = killed_owner("apache_kafka", "ApacheKafka", tmp_path)
    assert eventually(lambda: all_gone(started))


def test_postgres_shuts_down_cleanly_after_a_killed_owner(
    killed_owner: Callable[[str, str, Path], list[psutil.Process]], tmp_path: Path
) -> None:
    started = killed_owner("postgres", "EmbeddedPostgres", tmp_path / "data")
    assert eventually(lambda: all_gone(started))
    assert "database system is shut down" in (tmp_path / "data.log").read_text()
    assert not (tmp_path / "data" / "postmaster.pid").exists()
