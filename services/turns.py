"""Two threads of one process that compute by turns: while one waits for a server, the other goes on.

The interpreter runs one thread at a time anyhow, but it shares its time fairly: a thread that reads ahead would then
keep busy while the other computes, and have nothing left to do when that one waits. With a turn it works in the pauses.
"""

import sys
from collections.abc import Callable, Iterator
from concurrent.futures import Future
from contextlib import AbstractContextManager, contextmanager
from threading import Lock, Thread, get_ident
from typing import Final, TypeVar

Result = TypeVar("Result")

SWITCH_SECONDS: Final = 0.0005
"""How soon a thread that comes back from waiting is let in (Python's own default is ten times that)."""


class Turn:
    """Held by the thread that computes: ``with turn:``, for as long as it likes; not reentrant.

    It is fair: whoever gives it back and wants it again at once comes after the one that waits.
    """

    def __init__(self) -> None:
        self._lock = Lock()
        self._next = Lock()
        self._holder = 0

    def __enter__(self) -> None:
        with self._next:
            self._lock.acquire()
        self._holder = get_ident()

    def __exit__(self, *_: object) -> None:
        self._holder = 0
        self._lock.release()

    def let_in(self) -> None:
        """Lets the other thread compute, if it waits for that, and goes on afterwards. By whose turn it is."""
        if self._next.locked():
            self.__exit__()
            self.__enter__()

    @contextmanager
    def away(self) -> Iterator[None]:
        """Lets the other thread compute while this one waits; without effect for a thread whose turn it is not."""
        if self._holder != get_ident():
            yield
            return
        self.__exit__()
        try:
            yield
        finally:
            self.__enter__()


@contextmanager
def concurrently(
    work: Callable[[], Result], waiting: AbstractContextManager[None]
) -> Iterator[Future[Result]]:
    """Has another thread do ``work``, which mostly waits, during the block; gives the future of what it returns.

    The block's end waits for it, within ``waiting``, whether the block failed or not, and raises what it raised.
    """
    future: Future[Result] = Future()

    def run() -> None:
        try:
            future.set_result(work())
        except BaseException as error:  # noqa: BLE001 - raised at the end of the block
            future.set_exception(error)

    thread = Thread(target=run, name="concurrently")
    thread.start()
    try:
        yield future
    finally:
        with waiting:
            thread.join()
    future.result()


def switch_quickly() -> None:
    """Makes this process's threads take turns without the delay that Python has by default."""
    sys.setswitchinterval(SWITCH_SECONDS)
