"""Takes a share of one core until it is ended: `python -m tests.benchmarks.busy 0.5`. A machine's other user."""

import sys
from time import perf_counter, sleep
from typing import Final

TURN_SECONDS: Final = 0.01


def main() -> None:
    share = float(sys.argv[1])
    while True:
        began = perf_counter()
        while perf_counter() - began < TURN_SECONDS * share:
            pass
        sleep(TURN_SECONDS * (1 - share))


if __name__ == "__main__":
    main()
