"""Some seeds as a test: each ends with every record at one outcome, and the answers of the oracle."""

from collections import Counter
from typing import Final

from tests.simulation.seeds import played

AT_ONCE: Final = 100


def hold(first: int) -> None:
    """Plays the next seeds; raises AssertionError, with its story, at the first that does not end as it must."""
    faults: Counter[str] = Counter()
    for ran in played(range(first, first + AT_ONCE)):
        faults.update(ran.story.counts)
    assert len(faults) >= 6, "the seeds are to break more than that"
