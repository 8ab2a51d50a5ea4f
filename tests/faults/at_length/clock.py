"""The clock of the services, which may jump while they run; PostgreSQL's and Kafka's goes on as before."""

from collections.abc import Mapping
from pathlib import Path
from typing import Final

LIBRARY: Final = next(Path("/usr/lib").glob("*/faketime/libfaketimeMT.so.1"), None)
"""Debian's libfaketime; None: it is not installed, and no clock can be stepped."""


class SteppedClock:
    """What `environment` is given to sees the time that `step` says; how long something takes it sees as it is."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self.step(0)

    def environment(self) -> Mapping[str, str]:
        if LIBRARY is None:
            return {}
        return {
            "LD_PRELOAD": str(LIBRARY),
            "FAKETIME_TIMESTAMP_FILE": str(self._file),
            "FAKETIME_CACHE_DURATION": "1",
            "FAKETIME_DONT_FAKE_MONOTONIC": "1",
        }

    def step(self, seconds: float) -> None:
        """Has the clock be so far ahead from now on, or behind."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(f"{seconds:+.0f}\n")
        beside.replace(self._file)  # whoever reads it reads the whole of it
