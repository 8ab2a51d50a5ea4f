"""How often a service looks for garbage that refers to itself.

Nearly all of what a service throws away is freed at once, by its count of references. Python's search for the rest
starts after every 700 objects by default: with the thousands of records of a batch alive, and many participant records
kept, that took a quarter of an ingest worker's time (docs/decisions/one-worker-two-threads.md).
"""

import gc
from typing import Final

THRESHOLDS: Final = (200_000, 20, 100)
"""Of the youngest, middle and oldest objects: gc.set_threshold."""

ANSWERING: Final = 2_000
"""So many youngest objects where somebody waits for each answer: a page leaves some 350 that refer to each other, and
to search 200,000 held up one page in some 600 for 180 ms (docs/benchmarks/README.md)."""


def collect_seldom(youngest: int = THRESHOLDS[0]) -> None:
    """Called once a service stands: what is there by now is never searched again, and what follows seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(youngest, *THRESHOLDS[1:])
