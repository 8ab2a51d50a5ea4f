"""``python -m tests.fuzz --records N --seed S``: prints what the records became; ends with 1 where something fails."""

import argparse
import random
import sys
import time

from tests.fuzz.run import fuzz

MOST_GROWTH_MIB = 64


def main() -> int:
    """0, or 1 where the memory grew; an assertion says what else does not hold."""
    parser = argparse.ArgumentParser()
    parser.add_argument("--records", type=int, default=1_000_000)
    parser.add_argument("--seed", type=int, default=random.SystemRandom().randrange(1 << 32))
    given = parser.parse_args()
    print(f"seed {given.seed}", flush=True)
    started = time.monotonic()
    found = fuzz(given.records, given.seed)
    seconds = time.monotonic() - started
    print(
        f"{found.records:,} records in {seconds:.0f} s; memory grew by {found.growth_mib:.0f} MiB"
    )
    for outcome, count in found.outcomes.most_common():
        print(f"  {outcome:18} {count:9,}")
    return int(found.growth_mib > MOST_GROWTH_MIB)


if __name__ == "__main__":
    sys.exit(main())
