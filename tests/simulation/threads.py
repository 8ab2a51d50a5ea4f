"""What the services use of threads and clocks, on the scheduler; `placed` puts it where they look for it."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from contextlib import contextmanager
from functools import partial
from types import SimpleNamespace
from typing import Any, Final, Self
from unittest import mock

from services import rebuilding, resume
from services.intake import reading
from services.projector import answering, beside, projector, recently
from services.projector.pausing import Pausing
from services.resume import Stop
from tests.simulation.scheduler import Crashed, here

REST_SECONDS: Final = 4.0
"""How long a service rests that has nothing to do: looking again takes steps, and no time."""

CLOCK: Final = SimpleNamespace(monotonic=lambda: here()[0].now)


class Future:
    """The result of a task that an actor of its own works on."""

    def __init__(self) -> None:
        self._is_done = False
        self._result: Any = None
        self._error: BaseException | None = None

    def done(self) -> bool:
        return self._is_done

    def result(self) -> Any:
        scheduler, _ = here()
        if not self._is_done:
            scheduler.wait(float("inf"), self.done)
        if self._error is not None:
            raise self._error
        return self._result

    def work(self, task: Callable[..., Any], arguments: tuple[Any, ...]) -> None:
        """Does the task, on the thread of this actor."""
        try:
            self._result = task(*arguments)
        except Crashed:
            raise
        except BaseException as error:  # noqa: BLE001 - raised where the result is asked for
            self._error = error
        self._is_done = True


class Executor:
    """As ThreadPoolExecutor with one thread."""

    def __init__(self, _threads: int, name: str) -> None:
        self._name = name
        self._futures: list[Future] = []

    def submit(self, task: Callable[..., Any], *arguments: Any) -> Future:
        scheduler, actor = here()
        future = Future()
        self._futures.append(future)
        name = f"{actor.process.name}/{self._name}"
        scheduler.spawn(actor.process, name, lambda: future.work(task, arguments))
        return future

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if not all(future.done() for future in self._futures):
            here()[0].wait(float("inf"), lambda: all(each.done() for each in self._futures))


class Thread:
    """As threading's, in the process that begins it."""

    def __init__(self, target: Callable[[], None], name: str) -> None:
        self._target = target
        self._name = name
        self._future = Future()

    def start(self) -> None:
        scheduler, actor = here()
        name = f"{actor.process.name}/{self._name}"
        scheduler.spawn(actor.process, name, lambda: self._future.work(self._target, ()))

    def join(self) -> None:
        here()[0].wait(float("inf"), self._future.done)


def wait(futures: Iterable[Future], timeout: float) -> None:
    """As concurrent.futures.wait."""
    scheduler, _ = here()
    waited_for = list(futures)
    scheduler.wait(scheduler.now + timeout, lambda: all(each.done() for each in waited_for))


class SimulatedStop(Stop):
    """Its waiting takes the scheduler's time."""

    def wait(self, timeout: float | None = None) -> bool:
        scheduler, _ = here()
        until = float("inf") if timeout is None else scheduler.now + timeout
        scheduler.wait(until, self.is_set)
        return self.is_set()


@contextmanager
def placed(connect: Callable[..., Any]) -> Iterator[None]:
    """A block in which the services' threads, clocks and the rebuild's connections are the scheduler's."""
    with (
        mock.patch.object(reading, "ThreadPoolExecutor", Executor),
        mock.patch.object(reading, "wait", wait),
        mock.patch.object(reading, "time", CLOCK),
        mock.patch.object(resume, "time", CLOCK),
        mock.patch.object(rebuilding, "connect", connect),
        mock.patch.object(beside, "threading", SimpleNamespace(Thread=Thread, Event=SimulatedStop)),
        mock.patch.object(answering, "LOOK_SECONDS", REST_SECONDS),
        mock.patch.object(projector, "Pausing", partial(Pausing, clock=CLOCK.monotonic)),
        mock.patch.object(recently, "monotonic", CLOCK.monotonic),
    ):
        yield
