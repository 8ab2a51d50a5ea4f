"""A server process that never outlives the process that started it, however that one ends.

Between the owner and the server stands a small warden: this same file, run as a script. The owner
holds the writing end of the warden's standard input. When it closes, because the owner stopped the
server or because the owner died, even by SIGKILL, the warden asks the server to stop and waits.
On Linux the kernel stops the server as well should the warden itself be killed. (The warden exists
because PR_SET_PDEATHSIG alone follows the *thread* that forked, and knows no clean shutdown.)

The server's log is locked for as long as the warden or the server has it open, so of two owners of
one server the second waits for the first to end, and is refused when it does not.
"""

import ctypes
import fcntl
import os
import pwd
import select
import signal
import subprocess
import sys
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from time import monotonic, sleep
from types import FrameType
from typing import BinaryIO

LOG_TAIL_CHARS = 2_000
PR_SET_PDEATHSIG = 1
WATCH_SECONDS = 0.2
PREDECESSOR_SECONDS = 10.0


class ServerFailed(Exception):
    """The embedded server could not be started or stopped."""


class Leash:
    """One server process on a leash: started at once, stopped by `stop` or by the owner's death."""

    def __init__(
        self,
        command: Sequence[str],
        log: Path,
        *,
        stop_signal: signal.Signals = signal.SIGTERM,
        last_signal: signal.Signals = signal.SIGKILL,
        grace_seconds: float = 30.0,
        user: str = "",
        environment: Mapping[str, str] | None = None,
    ) -> None:
        """Start `command`, its output appended to `log`; does not wait until it is ready.

        Stopping sends `stop_signal`, and `last_signal` when `grace_seconds` were not enough.
        `user`, where given, is the system user the server runs as (only root can choose one).
        Raises ServerFailed when another process keeps a server with this log.
        """
        self.log = log
        self.name = Path(command[0]).name
        self._grace_seconds = grace_seconds
        warden = [
            *(sys.executable, "-I", "-S", __file__),
            *(str(stop_signal.value), str(last_signal.value), str(grace_seconds), user),
            *command,
        ]
        log.parent.mkdir(parents=True, exist_ok=True)
        with log.open("ab") as output:
            _lock(output, log)
            self._warden = subprocess.Popen(
                warden,
                stdin=subprocess.PIPE,
                stdout=output,
                stderr=subprocess.STDOUT,
                env=environment,
                # Ctrl-C at a terminal reaches the owner only, which stops its servers in order.
                start_new_session=True,
            )

    @property
    def pid(self) -> int:
        """The warden's process id."""
        return self._warden.pid

    def is_running(self) -> bool:
        return self._warden.poll() is None

    @property
    def exit_code(self) -> int | None:
        """The server's own exit code, or the negative number of the signal that ended it; None while it runs."""
        return self._warden.poll()

    def wait_until(self, is_ready: Callable[[], bool], timeout_seconds: float) -> None:
        """Block until `is_ready()`; raises ServerFailed, with the log's end, on death or time-out."""
        deadline = monotonic() + timeout_seconds
        while not is_ready():
            if not self.is_running():
                self.stop()
                raise ServerFailed(f"{self.name} ended while starting.\n{self.log_tail()}")
            if monotonic() > deadline:
                self.stop()
                raise ServerFailed(
                    f"{self.name} was not ready within {timeout_seconds:g} s.\n{self.log_tail()}"
                )
            sleep(0.02)

    def stop(self) -> None:
        """Stop the server and block until it is gone; harmless when it is gone already."""
        if self._warden.stdin is not None:
            self._warden.stdin.close()
        try:
            self._warden.wait(self._grace_seconds + 10)
        except subprocess.TimeoutExpired as error:
            raise ServerFailed(f"{self.name} could not be stopped.\n{self.log_tail()}") from error

    def kill(self) -> None:
        """End the server as `kill -9` would and block until it is gone; for proofs of recovery."""
        self._warden.send_signal(signal.SIGUSR1)
        self.stop()

    def log_tail(self) -> str:
        """The end of the server's log, to be shown to people."""
        return self.log.read_text(errors="replace")[-LOG_TAIL_CHARS:]


def _lock(output: BinaryIO, log: Path) -> None:
    """Lock `log` for all who inherit `output`; waits for a predecessor that is shutting down."""
    deadline = monotonic() + PREDECESSOR_SECONDS
    while True:
        try:
            fcntl.flock(output, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError as error:
            if monotonic() > deadline:
                raise ServerFailed(
                    f"Another process keeps the server that writes {log}; stop that one first, "
                    "or choose another TUNTAS_STATE_DIR."
                ) from error
            sleep(0.05)
        else:
            return


def _die_with_the_warden(stop_signal: int) -> None:
    """Ask Linux to stop this process when its parent, the warden, is killed; elsewhere nothing."""
    if sys.platform == "linux":
        ctypes.CDLL(None).prctl(PR_SET_PDEATHSIG, stop_signal)


def _guard(stop_signal: int, last_signal: int, grace_seconds: float, server: Sequence[str]) -> int:
    """The server's exit code, after it ended by itself or was stopped with its owner."""
    owner = os.getppid()
    user, *command = server
    group = pwd.getpwnam(user).pw_gid if user else None
    child = subprocess.Popen(
        command,
        stdin=subprocess.DEVNULL,
        user=user or None,
        group=group,
        extra_groups=[] if user else None,
        # Single-threaded here, so running Python between fork and exec is safe.
        preexec_fn=lambda: _die_with_the_warden(stop_signal),  # noqa: PLW1509
    )

    def pass_on(_number: int, _frame: FrameType | None) -> None:
        child.send_signal(stop_signal)

    def kill(_number: int, _frame: FrameType | None) -> None:
        child.kill()

    signal.signal(signal.SIGUSR1, kill)
    signal.signal(signal.SIGTERM, pass_on)
    signal.signal(signal.SIGINT, pass_on)
    while child.poll() is None:
        closed, _, _ = select.select([sys.stdin], [], [], WATCH_SECONDS)
        # A process forked from the owner may hold the pipe open: a changed parent says it too.
        if closed or os.getppid() != owner:
            child.send_signal(stop_signal)
            try:
                return child.wait(grace_seconds)
            except subprocess.TimeoutExpired:
                child.send_signal(last_signal)
                return child.wait()
    return child.returncode


if __name__ == "__main__":
    sys.exit(_guard(int(sys.argv[1]), int(sys.argv[2]), float(sys.argv[3]), sys.argv[4:]))
