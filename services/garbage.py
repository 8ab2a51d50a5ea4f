"""How often a service looks for garbage that refers to itself.

Nearly all of what a service throws away is freed at once, by its count of references. Python's search for the rest
starts after every 700 objects by default: with the thousands of records of a batch alive, and many participant records
kept, that took a quarter of an ingest worker's time (docs/decisions/one-worker-two-threads.md).
"""

import gc
from typing import Final

THRESHOLDS: Final = (200_000, 20, 100)
"""Of the youngest, middle and oldest objects: gc.set_threshold."""


def collect_seldom() -> None:
    """Called once a service stands: what is there by now is never searched again, and what follows seldom."""
    gc.collect()
    gc.freeze()
    gc.set_threshold(*THRESHOLDS)
