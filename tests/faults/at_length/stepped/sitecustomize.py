"""On the path of a Python program, has its wall clock be as far ahead, or behind, as a file says at the time.

That is `time.time` and `time.time_ns`, which is what the services and their Kafka client stamp and judge by. (Debian's
libfaketime would step more, and has Python's own sleep fail.)
"""

import os
import time
from pathlib import Path

FILE = Path(os.environ["TUNTAS_TEST_CLOCK"])
LOOK_SECONDS = 0.05

_real_ns = time.time_ns
_looked = _ahead_ns = 0


def time_ns() -> int:
    global _looked, _ahead_ns  # noqa: PLW0603 - the clock of the process
    now = time.monotonic_ns()
    if now - _looked > LOOK_SECONDS * 1e9:
        _looked = now
        _ahead_ns = int(FILE.read_text(encoding="ascii")) * 1_000_000_000
    return _real_ns() + _ahead_ns


time.time_ns = time_ns
time.time = lambda: time_ns() / 1e9
