"""The clock of the services, which may jump while they run; PostgreSQL's and Kafka's goes on as before."""

from pathlib import Path

from tests.end_to_end.running_system import RunningSystem


class SteppedClock:
    """What processes that begin from now on take for the time; how long something takes they see as it is."""

    def __init__(self, system: RunningSystem) -> None:
        self._file = system.folder / "clock"
        self.step(0)
        system.paths.append(Path(__file__).with_name("stepped"))
        system.settings["TUNTAS_TEST_CLOCK"] = str(self._file)

    def step(self, seconds: int) -> None:
        """Has the clock be so far ahead from now on, or behind."""
        self._file.parent.mkdir(parents=True, exist_ok=True)
        beside = self._file.with_suffix(".new")
        beside.write_text(str(seconds), encoding="ascii")
        beside.replace(self._file)  # whoever reads it reads the whole of it
