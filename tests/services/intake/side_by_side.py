"""Work in threads, side by side."""

from collections.abc import Callable
from threading import Thread


def in_threads(work: Callable[[int], None], count: int) -> None:
    """Runs work(0) to work(count − 1) at the same time, at most a minute; raises what any of them raised."""
    failures: list[BaseException] = []

    def guarded(number: int) -> None:
        try:
            work(number)
        except BaseException as failure:  # noqa: BLE001 - raised below, in the thread of the test
            failures.append(failure)

    threads = [Thread(target=guarded, args=(number,)) for number in range(count)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(timeout=60)
    assert not any(thread.is_alive() for thread in threads)
    if failures:
        raise failures[0]
