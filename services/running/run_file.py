"""Where an embedded run can be reached: a small file in the state directory, for the other commands."""

import os
from pathlib import Path

import msgspec
from msgspec import Struct

RUN_FILE = "run.json"


class Run(Struct, frozen=True):
    """A run of services on this machine. ``pid`` is the process that owns it."""

    pid: int
    kafka_bootstrap: str
    database_url: str
    api_url: str
    evaluator_token: str

    def __repr__(self) -> str:
        """Nothing of what it holds: there are secrets in it."""
        return f"Run(pid={self.pid})"


def write(state_dir: Path, run: Run) -> None:
    """Leaves word of a run, readable by this user only: it holds a token."""
    path = state_dir / RUN_FILE
    fresh = path.with_suffix(".new")
    fresh.unlink(missing_ok=True)
    descriptor = os.open(fresh, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
    with os.fdopen(descriptor, "wb") as file:
        file.write(msgspec.json.format(msgspec.json.encode(run)))
    fresh.replace(path)


def read(state_dir: Path) -> Run | None:
    """The run of this state directory, or None when none is under way."""
    try:
        run = msgspec.json.decode((state_dir / RUN_FILE).read_bytes(), type=Run)
        os.kill(run.pid, 0)
    except (FileNotFoundError, ProcessLookupError, msgspec.DecodeError):
        return None
    except PermissionError:
        pass  # alive, but another user's
    return run


def remove(state_dir: Path) -> None:
    """Takes back the word of a run that ended."""
    (state_dir / RUN_FILE).unlink(missing_ok=True)
