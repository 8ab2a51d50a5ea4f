"""Real threads, of which exactly one goes on at a time; who it is, and for how long, is drawn from a seed.

A thread gives the baton back at its yield points: before each statement and COMMIT, and wherever it waits. A statement
that PostgreSQL holds up because of somebody else's lock does not hold up the others: `watch` notices it. Time is what
this scheduler says it is; where everybody waits it goes on to the first instant at which somebody does not.
"""

from __future__ import annotations

import heapq
import random
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from tests.simulation.locks import LOOK_SECONDS, Locks
from tests.simulation.stories import Story

GOES_ON: Final = 0.7
"""How likely it is that whoever has the baton keeps it for one more step."""
WATCH_SECONDS: Final = 0.004
"""So often it is looked whether a statement still runs, in real time: then it may be held up."""
MOST_STEPS: Final = 40_000
MOST_SECONDS: Final = 60.0
"""Of real time: a run that takes longer hangs."""
NEVER: Final = float("inf")


class Crashed(BaseException):
    """The process of this thread is dead: the thread only unwinds. No handler of the product's catches it."""


class Process:
    """Threads that live and die together."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.crashed = False
        self.ended = False
        self.stands_until = 0.0
        """Until then none of its threads goes on, as if the process was stopped."""


class Actor:
    """One thread. ``until`` and ``ready`` say what it waits for, ``pid`` which backend holds up its statement."""

    def __init__(self, process: Process, name: str) -> None:
        self.process = process
        self.name = name
        self.baton = threading.Semaphore(0)
        self.until = 0.0
        self.ready: Callable[[], bool] | None = None
        self.pid: int | None = None
        self.gives_up_at = NEVER
        self.parked = False
        self.gave_up: Exception | None = None
        self.done = False


_local = threading.local()


def here() -> tuple[Scheduler, Actor]:
    """The scheduler of this thread, and who this thread is."""
    return _local.scheduler, _local.actor


class Scheduler:
    """Runs actors until all are done, or one fails; then everything unwinds."""

    def __init__(self, seed: int, locks: Locks) -> None:
        self.chance = random.Random(seed)
        self.locks = locks
        self.story = Story()
        self.now = 0.0
        self.steps = 0
        self.failure: BaseException | None = None
        self.strike: Callable[[], None] = lambda: None
        """Called at each yield point: what may break there."""
        self.idle: Callable[[], None] = lambda: None
        """Called whenever nobody has anything to do until some later instant."""
        self._actors: list[Actor] = []
        self._timers: list[tuple[float, int, Callable[[], None]]] = []
        self._timed = 0
        self._mutex = threading.Lock()
        self._running: tuple[Actor, int, float] | None = None
        self._serial = 0
        self._ended = threading.Event()

    # What actors do.

    def spawn(self, process: Process, name: str, work: Callable[[], None]) -> Actor:
        """A new thread that begins when it is its turn."""
        actor = Actor(process, name)
        # Each batch is written by an actor of its own: those that are done would be looked at over and over.
        self._actors = [each for each in self._actors if not each.done]
        self._actors.append(actor)

        def run() -> None:
            _local.scheduler, _local.actor = self, actor
            actor.baton.acquire()
            try:
                if not process.crashed:
                    work()
            except Crashed:
                pass
            except BaseException as error:  # noqa: BLE001 - the run fails with it
                self.fail(error)
            actor.done = True
            self._hand_on()

        threading.Thread(target=run, name=name, daemon=True).start()
        return actor

    def pause(self) -> None:
        """A yield point: somebody else may go on first."""
        self._yield(0.0, None)

    def wait(self, until: float, ready: Callable[[], bool] | None = None) -> None:
        """Waits until an instant, or until something holds that another actor brings about."""
        self._yield(until, ready)

    @contextmanager
    def statement(self, pid: int, label: str, patience: float) -> Iterator[None]:
        """A block in which a backend works, and may wait for somebody else's lock for so many seconds.

        Raises Crashed at the end when the process died meanwhile.
        """
        _, actor = here()
        if actor.process.crashed:
            raise Crashed
        self.story.tell(self.now, actor.name, label)
        with self._mutex:
            self._serial += 1
            self._running = (actor, pid, patience)
        try:
            yield
        except Exception as error:
            if actor.gave_up is None:
                raise
            told, actor.gave_up = actor.gave_up, None
            raise told from error
        finally:
            self._end_statement(actor)

    def _end_statement(self, actor: Actor) -> None:
        with self._mutex:
            was_held_up = actor.pid is not None
            if was_held_up:
                actor.parked = True
            else:
                self._running = None
        if was_held_up:
            actor.baton.acquire()
        else:
            self.settle()
        if actor.process.crashed:
            raise Crashed

    # What happens at some instant.

    def at(self, instant: float, what: Callable[[], None]) -> None:
        """Has something done at an instant, whoever is going on then."""
        self._timed += 1
        heapq.heappush(self._timers, (instant, self._timed, what))

    def is_held_up(self, pid: int) -> bool:
        """Whether a backend is in the midst of a statement, which waits for somebody else's lock."""
        return any(actor.pid == pid for actor in self._actors)

    def crash(self, process: Process) -> None:
        """Ends a process where it is; its connections must be gone already."""
        process.crashed = True
        process.stands_until = 0.0
        self.settle()

    def fail(self, error: BaseException) -> None:
        """Ends the run: everything unwinds."""
        if self.failure is None:
            self.failure = error
        for actor in self._actors:
            actor.process.crashed = True
        for actor in self._actors:
            if actor.pid is not None:
                self.locks.end(actor.pid)
        self.settle()

    def settle(self) -> None:
        """Lets statements finish that are held up no longer, so that PostgreSQL does nothing behind our back."""
        while any(self._goes_on(actor) for actor in self._actors if actor.pid is not None):
            pass  # whoever fails gives back what others may wait for

    def _goes_on(self, actor: Actor) -> bool:
        """Whether a statement that was held up is no longer: it goes on until it ends, or is held up again."""
        goes_on = False
        while actor.pid is not None:
            if actor.parked:
                actor.pid, actor.parked, actor.gives_up_at = None, False, NEVER
                return True
            if self.locks.blockers(actor.pid):
                self.locks.stand(actor.pid)
                return goes_on
            goes_on = True
            self.locks.go_on(actor.pid)
            time.sleep(LOOK_SECONDS)
        return goes_on

    # The loop of the thread that started the run.

    def run(self) -> None:
        """Blocks until every actor is done; raises what failed."""
        self._hand_on()
        deadline = time.monotonic() + MOST_SECONDS
        seen = 0
        while not self._ended.wait(WATCH_SECONDS):
            if time.monotonic() > deadline:
                self.failure = TimeoutError(f"the run hangs: {self._who_waits()}")
                break
            with self._mutex:
                running, serial = self._running, self._serial
            if running is None or serial != seen:
                seen = serial
                continue
            actor, pid, patience = running
            if not self.locks.watched_blockers(pid):
                continue
            with self._mutex:
                if self._running is not running:
                    continue
                self._running = None
                actor.pid = pid
                self.locks.stand(pid)
                actor.gives_up_at = self.now + patience
            self.story.tell(self.now, actor.name, "… is held up by a lock")
            if self.locks.is_in_a_circle(pid):
                self._give_up(actor, self.locks.deadlock())
            self._hand_on()
        if self.failure is not None:
            raise self.failure

    def _yield(self, until: float, ready: Callable[[], bool] | None) -> None:
        _, actor = here()
        if actor.process.crashed:
            raise Crashed
        self.steps += 1
        self.now += self.chance.random() * 0.02
        actor.until, actor.ready = until, ready
        with self._guarded():
            self.strike()
        following = self._pick(actor)
        if following is not actor:
            following.baton.release()
            actor.baton.acquire()
        actor.until, actor.ready = 0.0, None
        if actor.process.crashed:
            raise Crashed

    def _hand_on(self) -> None:
        # Where the last process was killed, time goes on to when another one begins.
        while self._timers and self.failure is None and all(actor.done for actor in self._actors):
            self.now = max(self.now, self._timers[0][0])
            with self._guarded():
                self._let_happen()
        if all(actor.done for actor in self._actors):
            self._ended.set()
        else:
            self._pick(None).baton.release()

    def _pick(self, current: Actor | None) -> Actor:
        while True:
            with self._guarded():
                self._let_happen()
            unwinding = [a for a in self._actors if a.process.crashed and self._is_free(a)]
            if unwinding:
                return unwinding[0]
            able = [actor for actor in self._actors if self._is_able(actor)]
            if current in able and self.chance.random() < GOES_ON:
                return current
            if able:
                return self.chance.choice(able)
            with self._guarded():
                self._go_on_in_time()

    def _is_free(self, actor: Actor) -> bool:
        return not actor.done and actor.pid is None

    def _is_able(self, actor: Actor) -> bool:
        if not self._is_free(actor) or actor.process.stands_until > self.now:
            return False
        return actor.until <= self.now or (actor.ready is not None and actor.ready())

    def _let_happen(self) -> None:
        if self.steps > MOST_STEPS:
            raise TimeoutError(f"{MOST_STEPS} steps, and no end")
        while self._timers and self._timers[0][0] <= self.now:
            heapq.heappop(self._timers)[2]()
        for actor in list(self._actors):
            if actor.pid is not None and actor.gives_up_at <= self.now:
                self._give_up(actor, self.locks.timeout())

    def _give_up(self, actor: Actor, error: Exception) -> None:
        """Ends a statement that waits for a lock, as PostgreSQL does by itself after a while."""
        assert actor.pid is not None
        actor.gave_up = error
        actor.gives_up_at = NEVER
        self.story.tell(self.now, actor.name, f"… gives up: {error}")
        self.locks.cancel(actor.pid)
        while not actor.parked:
            time.sleep(LOOK_SECONDS)
        self.settle()

    def _go_on_in_time(self) -> None:
        self.idle()
        if any(self._is_able(actor) for actor in self._actors):
            return
        instants = [self._timers[0][0]] if self._timers else []
        for actor in self._actors:
            if actor.done:
                continue
            if actor.pid is not None:
                instants.append(actor.gives_up_at)
            elif actor.process.stands_until > self.now:
                instants.append(actor.process.stands_until)  # what it waits for may be there by now
            else:
                instants.append(actor.until)
        following = min((each for each in instants if each > self.now), default=NEVER)
        if following == NEVER:
            raise RuntimeError(f"everybody waits for ever: {self._who_waits()}")
        self.now = following

    @contextmanager
    def _guarded(self) -> Iterator[None]:
        """What goes wrong in here is not for the product's handlers: the run fails with it."""
        try:
            yield
        except Exception as error:  # noqa: BLE001 - raised by `run`
            self.fail(error)

    def _who_waits(self) -> str:
        return ", ".join(
            f"{a.name} ({'lock' if a.pid is not None else f'until {a.until:.1f}'})"
            for a in self._actors
            if not a.done
        )
