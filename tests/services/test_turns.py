"""Two threads compute by turns: one gets on with its work while the other waits for a server."""

import threading
import time
from contextlib import nullcontext

import pytest

from services.turns import Turn, concurrently

SOON = 5.0


def test_the_other_thread_computes_while_this_one_waits() -> None:
    turn = Turn()
    computed = threading.Event()

    def compute() -> None:
        with turn:
            computed.set()

    other = threading.Thread(target=compute)
    with turn:
        other.start()
        assert not computed.wait(0.05)
        with turn.away():
            assert computed.wait(SOON)
    other.join(SOON)


def test_a_turn_comes_back_when_what_was_waited_for_fails() -> None:
    turn = Turn()
    with turn:
        with pytest.raises(ValueError, match="the server went away"), turn.away():
            raise ValueError("the server went away")
        # Held again: another thread does not get it.
        taken = threading.Event()

        def take() -> None:
            with turn:
                taken.set()

        other = threading.Thread(target=take)
        other.start()
        assert not taken.wait(0.05)
    assert taken.wait(SOON)
    other.join(SOON)


def test_whose_turn_it_is_not_gives_nothing_away() -> None:
    turn = Turn()
    entered = threading.Event()
    leave = threading.Event()

    def compute() -> None:
        with turn:
            entered.set()
            leave.wait(SOON)

    other = threading.Thread(target=compute)
    other.start()
    assert entered.wait(SOON)
    with turn.away():
        leave.set()
    other.join(SOON)
    with turn:
        assert not other.is_alive()


class Waiter:
    """A thread that waits for its turn and says when it had it."""

    def __init__(self, turn: Turn, order: list[str]) -> None:
        self._turn = turn
        self._order = order
        self._waiting = threading.Event()
        self._thread = threading.Thread(target=self._wait)

    def get_in_line(self) -> None:
        """By whose turn it is: comes back when the thread is in line."""
        self._thread.start()
        assert self._waiting.wait(SOON)
        time.sleep(0.05)

    def join(self) -> None:
        self._thread.join(SOON)

    def _wait(self) -> None:
        self._waiting.set()
        with self._turn:
            self._order.append("waited")


def test_who_wants_it_again_at_once_comes_after_who_waits() -> None:
    turn = Turn()
    order: list[str] = []
    waiter = Waiter(turn, order)
    with turn:
        waiter.get_in_line()
    with turn:
        order.append("again")
    waiter.join()
    assert order == ["waited", "again"]


def test_who_computes_long_lets_in_who_waits() -> None:
    turn = Turn()
    order: list[str] = []
    waiter = Waiter(turn, order)
    with turn:
        turn.let_in()  # nobody waits
        waiter.get_in_line()
        turn.let_in()
        order.append("went on")
    waiter.join()
    assert order == ["waited", "went on"]


def test_work_beside_a_block_is_done_when_the_block_ends() -> None:
    turn = Turn()
    begun, finish = threading.Event(), threading.Event()
    done: list[str] = []

    def work() -> None:
        begun.set()
        assert finish.wait(SOON)
        with turn:  # free as long as the block waits for this thread
            done.append("work")

    with turn:
        with concurrently(work, turn.away()):
            assert begun.wait(SOON)
            done.append("block")
            finish.set()
        assert done == ["block", "work"]


def test_what_fails_beside_a_block_is_raised_at_its_end() -> None:
    reached = False

    def work() -> None:
        raise ValueError("refused")

    with pytest.raises(ValueError, match="refused"), concurrently(work, nullcontext()):
        reached = True
    assert reached


def test_a_block_that_fails_still_waits_for_the_work_beside_it() -> None:
    finished = threading.Event()

    def work() -> None:
        time.sleep(0.05)
        finished.set()

    with pytest.raises(KeyError), concurrently(work, nullcontext()):
        raise KeyError
    assert finished.is_set()
