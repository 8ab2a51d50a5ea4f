"""Work in threads, side by side."""

from collections.abc import Callable
from threading import Thread
from time import monotonic, sleep
from typing import Final

MOST_SECONDS: Final = 60


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Runs work(0) to work(count − 1) at the same time, at most a minute; raises what any of them raised."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001 - raised below, in the thread of the test
            failures.append(failure)

    # Daemons: what one of them left behind when it failed may keep another one waiting for ever.
    threads = [Thread(target=guarded, args=(number,), daemon=True) for number in range(count)]
    for thread in threads:
        thread.start()
    deadline = monotonic() + MOST_SECONDS
    while not failures and any(thread.is_alive() for thread in threads):
        assert monotonic() < deadline
        sleep(0.01)
    if failures:
        raise failures[0]
