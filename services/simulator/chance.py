"""Draws that come out the same in every process and on every Python version.

Only `Random.random()` is documented to repeat its sequence across versions, so every draw of the
season is made from it, and sources are seeded with text (hashed with SHA-512, not with `hash()`).
"""

import random
from collections.abc import Sequence
from typing import TypeVar

T = TypeVar("T")


class Chance:
    """A stream of draws; two streams of one seed and different purposes are independent."""

    __slots__ = ("random",)

    def __init__(self, seed: int, purpose: str) -> None:
        self.random = random.Random(f"{seed}/{purpose}").random  # noqa: S311 - a simulation

    def happens(self, probability: float) -> bool:
        return self.random() < probability

    def between(self, low: int, high: int) -> int:
        """A whole number from low to high, both included."""
        return low + int(self.random() * (high - low + 1))

    def pick(self, choices: Sequence[T]) -> T:
        return choices[int(self.random() * len(choices))]

    def weighted(self, choices: Sequence[tuple[float, T]]) -> T:
        """One of the choices, by weights that add up to 1 (the last one takes what is left)."""
        left = self.random()
        for weight, choice in choices:
            left -= weight
            if left < 0:
                return choice
        return choices[-1][1]

    def popular(self, choices: Sequence[T]) -> T:
        """One of the choices, the early ones far more often: a few classes sell most."""
        return choices[int(self.random() ** 2 * len(choices))]

    def several(self, choices: Sequence[T], count: int) -> list[T]:
        """`count` different choices in drawn order, or all of them when there are fewer."""
        left = list(choices)
        return [left.pop(int(self.random() * len(left))) for _ in range(min(count, len(left)))]
