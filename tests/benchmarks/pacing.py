"""Publishes a log at a steady rate: `python -m tests.benchmarks.pacing BOOTSTRAP EVENTS FIRST RATE SECONDS`.

Takes the records of the season of EVENTS, as it comes, from FIRST on. Prints one line of JSON: how many were
acknowledged, in how many seconds, and how far at most it fell behind its schedule. By confluent-kafka, a tenth as dear
as a producer in Python: on a small machine whoever measures must leave the cores to what is measured.
"""

import sys
from time import perf_counter, sleep
from typing import Final

import msgspec
from confluent_kafka import Producer
from msgspec import Struct

from tests.benchmarks.season_log import season_log

TICK_SECONDS: Final = 0.005
FLUSH_SECONDS: Final = 30
LINGER_MS: Final = 50
"""As partners are told to have it: ten records a batch at 10,000 a second, and not one. Probes do not linger."""


class Paced(Struct, frozen=True):
    records: int
    seconds: float
    behind_seconds: float


def main() -> None:
    bootstrap = sys.argv[1]
    events, first, rate, seconds = (int(word) for word in sys.argv[2:])
    records = season_log(events, is_spread=False).records[first : first + rate * seconds]
    failed: list[str] = []

    def note(error: object, _message: object) -> None:
        if error is not None:
            failed.append(str(error))

    producer = Producer(
        {
            "bootstrap.servers": bootstrap,
            "enable.idempotence": True,
            "partitioner": "murmur2_random",  # as kafka-python and Java place a key
            "linger.ms": LINGER_MS,
            "on_delivery": note,
        }
    )
    behind = 0.0
    began = perf_counter()
    sent = 0
    while sent < len(records):
        now = perf_counter() - began
        due = min(int(now * rate), len(records))
        for record in records[sent:due]:
            producer.produce(record.topic, record.value, record.key, headers=list(record.headers))
        producer.poll(0)
        sent = due
        behind = max(behind, perf_counter() - began - now - TICK_SECONDS)
        sleep(max(0.0, now + TICK_SECONDS - (perf_counter() - began)))
    if producer.flush(FLUSH_SECONDS) or failed:
        sys.exit(f"not all records were acknowledged: {failed[:3]}")
    paced = Paced(sent, perf_counter() - began, behind)
    sys.stdout.buffer.write(msgspec.json.encode(paced) + b"\n")


if __name__ == "__main__":
    main()
