"""What happened in a run, step by step: the same for the same seed."""

from collections import Counter
from typing import Final

SHOWN: Final = 400


class Story:
    """The steps of one run.

    ``counts``: how often each kind of fault came.
    """

    def __init__(self) -> None:
        self._steps: list[tuple[float, str, str]] = []
        self.counts: Counter[str] = Counter()

    def tell(self, now: float, who: str, what: str) -> None:
        """One step."""
        self._steps.append((now, who, what))

    def fault(self, now: float, kind: str, what: str) -> None:
        """Something that was broken on purpose."""
        self.counts[kind] += 1
        self._steps.append((now, "***", f"{kind}: {what}"))

    def lines(self) -> list[str]:
        """Every step in a line of its own."""
        return [
            f"{now:9.3f}  {who:18} {' '.join(what.split())[:90]}" for now, who, what in self._steps
        ]

    def ending(self) -> str:
        """The last steps."""
        lines = self.lines()
        before = len(lines) - SHOWN
        return "\n".join(([f"… {before} steps before"] if before > 0 else []) + lines[-SHOWN:])
