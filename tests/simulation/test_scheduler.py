"""The scheduler by itself, without a database."""

from typing import cast

from tests.simulation.locks import Locks
from tests.simulation.scheduler import Process, Scheduler


def test_when_nobody_is_left_time_goes_on_to_who_comes_next() -> None:
    """The only process was killed, and another one begins within eight seconds."""
    scheduler = Scheduler(1, cast("Locks", None))
    done: list[str] = []

    def begin(name: str) -> None:
        scheduler.spawn(Process(name), name, lambda: done.append(name))

    begin("first")
    scheduler.at(8.0, lambda: begin("second"))
    scheduler.run()
    assert done == ["first", "second"]
    assert scheduler.now >= 8.0
