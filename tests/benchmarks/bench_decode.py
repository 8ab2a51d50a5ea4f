"""Microseconds to decode one record: whole, by step, and where it needs the closer look.

Run: python -m tests.benchmarks.bench_decode [events per round]. The least of 15 rounds is printed, in CPU time
of this process, so that a busy machine disturbs it little.
"""

import platform
import sys
import time
from collections.abc import Callable

import msgspec

from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents import class_types
from services.cloudevents.decode import decode
from services.cloudevents.encode import Record, encode_binary, encode_structured
from services.cloudevents.envelope import ANY_ENVELOPE
from services.cloudevents.event_types import READERS
from services.cloudevents.examine import examine
from services.cloudevents.json_text import parse
from services.cloudevents.time import microseconds

PARTNER = "pijar-mahir"
ROUNDS = 15

ATTRIBUTES = {
    "id": "0b9f6c1e-7b7e-4c58-8a54-0a3a3f0f6a11",
    "source": f"/partners/{PARTNER}",
    "type": f"{TYPE_PREFIX}class.assessed.v1",
    "time": "2020-06-30T09:15:00+07:00",
}
DATA = class_types.ClassAssessedData(
    participant_id="PRK-000000042",
    class_code="C-0107",
    purchase_id="INV-0001",
    kind="post_test",
    score=class_types.ScoreData(raw=82),
)


def cpu_microseconds(step: Callable[[], object], events: int) -> float:
    """CPU time of one call, the least of the rounds."""
    rounds = []
    for _ in range(ROUNDS):
        start = time.process_time_ns()
        for _ in range(events):
            step()
        rounds.append(time.process_time_ns() - start)
    return min(rounds) / events / 1000


def decoding(record: Record) -> Callable[[], object]:
    """What decodes the record, once it is shown to be accepted."""
    headers, value = record
    event = decode(PARTNER, None, headers, value)
    if not isinstance(event, PartnerEvent):
        raise TypeError(event.detail)
    return lambda: decode(PARTNER, None, headers, value)


def main(events: int) -> None:
    """Print the figures."""
    headers, value = encode_structured(ATTRIBUTES, DATA)
    without_offset = value.replace(b"+07:00", b"")
    envelope = msgspec.json.Decoder(ANY_ENVELOPE)
    figures: dict[str, Callable[[], object]] = {
        "an empty call (part of every figure)": lambda: None,
        "structured": decoding((headers, value)),
        "structured, no headers": decoding(([], value)),
        "structured, milliseconds": decoding(
            encode_structured({**ATTRIBUTES, "time": "2020-06-30T09:15:00.250+07:00"}, DATA)
        ),
        "binary": decoding(encode_binary(ATTRIBUTES, DATA)),
        "structured, an unknown extension": decoding(
            encode_structured({**ATTRIBUTES, "traceparent": "00-1"}, DATA)
        ),
        "refused: no offset": lambda: decode(PARTNER, None, headers, without_offset),
        "step: JSON to types": lambda: envelope.decode(value),
        "step: time": lambda: microseconds(ATTRIBUTES["time"]),
        "step: the fact": lambda: READERS[class_types.ClassAssessedData].build(DATA),
        "step: count of the quotes": lambda: value.count(b'"'),
        "closer look: JSON to a tree": lambda: parse(value),
        "closer look: examine": lambda: examine(PARTNER, headers, value),
    }
    print(
        f"{len(value)} bytes; Python {platform.python_version()}, msgspec {msgspec.__version__},"
        f" {platform.machine()}; {ROUNDS} rounds of {events} events"
    )
    for name, step in figures.items():
        print(f"{cpu_microseconds(step, events):8.2f} µs  {name}")


if __name__ == "__main__":
    main(int(sys.argv[1]) if len(sys.argv) > 1 else 10_000)
