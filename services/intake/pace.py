"""How much is written in one transaction: less when that takes long or fails, more again when it goes well."""

from typing import Final

SLOW_SECONDS: Final = 1.0
"""A batch that takes longer is halved: all lanes wait for it, and then for their own."""
QUICK_SECONDS: Final = 0.5


class Pace:
    """The weight of the next batch, between 1 and ``most``. Lives longer than a connection."""

    def __init__(self, most: int) -> None:
        self.most = most
        self.limit = most

    def took(self, seconds: float, weight: int) -> None:
        """A batch of this weight was written."""
        if seconds > SLOW_SECONDS:
            self.limit = max(1, min(self.limit, weight) // 2)
        elif seconds < QUICK_SECONDS and self.limit < self.most:
            self.limit = min(self.most, self.limit + max(self.limit // 2, 1))

    def failed(self, weight: int) -> None:
        """A batch of this weight was not written, and what was lost with it is read again."""
        self.limit = max(1, min(self.limit, weight) // 2)
