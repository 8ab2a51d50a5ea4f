"""Publishes a log at a steady rate: `python -m tests.benchmarks.pacing BOOTSTRAP EVENTS FIRST RATE SECONDS`.

Takes the records of the log of EVENTS from FIRST on. Prints one line of JSON: how many were acknowledged, in how many
seconds, and how far at most it fell behind its schedule.
"""

import sys
from time import perf_counter, sleep
from typing import Final

import msgspec
from msgspec import Struct

from services.kafka.producer import Producer
from tests.benchmarks.season_log import season_log

TICK_SECONDS: Final = 0.005


class Paced(Struct, frozen=True):
    records: int
    seconds: float
    behind_seconds: float


def main() -> None:
    bootstrap = sys.argv[1]
    events, first, rate, seconds = (int(word) for word in sys.argv[2:])
    records = season_log(events).records[first : first + rate * seconds]
    behind = 0.0
    with Producer(bootstrap) as producer:
        began = perf_counter()
        sent = 0
        while sent < len(records):
            now = perf_counter() - began
            due = min(int(now * rate), len(records))
            for record in records[sent:due]:
                producer.send(record.topic, record.key, record.headers, record.value)
            if due > sent:
                producer.flush()
            sent = due
            behind = max(behind, perf_counter() - began - now - TICK_SECONDS)
            sleep(max(0.0, now + TICK_SECONDS - (perf_counter() - began)))
        paced = Paced(sent, perf_counter() - began, behind)
    sys.stdout.buffer.write(msgspec.json.encode(paced) + b"\n")


if __name__ == "__main__":
    main()
