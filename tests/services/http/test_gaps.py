"""Gaps in running numbers over HTTP: what never arrived, apart from what arrived and was rejected."""

import random
from collections.abc import Iterator
from typing import Any

import msgspec
import pytest
from prometheus_client.parser import text_string_to_metric_families

from domain.errors import Reason, Refusal
from domain.events import PARTICIPANT_STREAM, ClassRedeemed, PartnerEvent
from domain.vocabulary import PARTNERS
from projections.rebuild.comparing import READ_MODELS
from projections.sequences import ranges as sequences
from services.embedded.postgres import EmbeddedPostgres
from services.intake.batch import Decoded
from services.intake.lanes import Lane
from tests.projections.kept import Kept, kept_on
from tests.raw_record import raw_record
from tests.services.http.conftest import Api, bearer, running

REFUSAL = Refusal(Reason.INVALID_DATA, "`percent` is missing.")


class Numbering:
    """Partners that number their events, some of which are rejected."""

    def __init__(self, kept: Kept, api: Api) -> None:
        self.kept = kept
        self.api = api
        self._lanes: dict[tuple[str, int], Lane] = {}
        self._count = 0

    def send(self, partner: str, partition: int, *sent: Any) -> None:
        """Numbers of events to accept, and bytes of records to reject, in one batch."""
        if (partner, partition) not in self._lanes:
            self._lanes[partner, partition] = self.kept.desk.lane(partner, partition)
        lane = self._lanes[partner, partition]
        decoded = []
        for offset, one in enumerate(sent, start=lane.next_offset):
            self._count += 1
            outcome = (
                REFUSAL
                if isinstance(one, bytes)
                else PartnerEvent(
                    partner,
                    f"e{self._count}",
                    self._count,
                    f"{PARTICIPANT_STREAM}p{partition}",
                    ClassRedeemed("A"),
                    str(one),
                )
            )
            raw = raw_record(b"key", one if isinstance(one, bytes) else b"")
            decoded.append(Decoded(offset, outcome, raw))
        self.kept.desk.write(lane, decoded)

    def look(self, limit: int = sequences.EVENTS_AT_ONCE) -> int:
        with self.kept.transaction() as work:
            return sequences.look(work, limit)

    def measured(self) -> dict[str, int]:
        """What the metric says, by partner."""
        text = self.api.ask("/metrics", headers=bearer()).text
        return {
            sample.labels["partner"]: int(sample.value)
            for family in text_string_to_metric_families(text)
            for sample in family.samples
            if sample.name == "tuntas_missing_events"
        }

    def shown(self, partner: str) -> dict[str, Any]:
        found = self.api.get(f"/v1/partners/{partner}/evaluation")["sequence"]
        return dict(found)


@pytest.fixture(scope="module")
def numbering(postgres_server: EmbeddedPostgres) -> Iterator[Numbering]:
    with kept_on(postgres_server, "gaps_of_http") as kept, running(kept.url) as api:
        yield Numbering(kept, api)


def record(number: Any, **others: Any) -> bytes:
    """A structured event that is rejected for its data."""
    return msgspec.json.encode({"specversion": "1.0", "sequence": number, "data": {}} | others)


def gaps_between(numbers: set[int], arrived: set[int]) -> list[dict[str, int]]:
    """What is missing from the lowest to the highest of ``numbers``."""
    found: list[dict[str, int]] = []
    for number in range(min(numbers), max(numbers)):
        if number in arrived:
            continue
        if found and found[-1]["to"] == number - 1:
            found[-1] |= {"to": number, "missing": found[-1]["missing"] + 1}
        else:
            found.append({"from": number, "to": number, "missing": 1})
    return found


@pytest.mark.parametrize("partner", PARTNERS)
def test_rejected_numbers_are_told_apart_in_whatever_order_they_come(
    numbering: Numbering, partner: str
) -> None:
    chance = random.Random(partner)
    accepted: set[int] = set()
    rejected: set[int] = set()
    for _ in range(12):
        batch: list[Any] = []
        for _ in range(chance.randrange(1, 5)):
            number = chance.randrange(60)
            if chance.random() < 0.4:
                rejected.add(number)
                batch.append(record(f"{number:010}"))
            else:
                accepted.add(number)
                batch.append(number)
        numbering.send(partner, chance.randrange(2), *batch)
        while chance.random() < 0.7 and numbering.look(limit=chance.randrange(1, 4)):
            continue
    while numbering.look():
        continue
    found = numbering.shown(partner)
    arrived = accepted | rejected
    gaps = gaps_between(accepted, arrived)
    assert (found["lowest"], found["highest"]) == (min(accepted), max(accepted))
    assert found["received"] == len(accepted)
    assert found["rejected"] == len(rejected - accepted) > 0
    assert found["gaps"] == gaps
    assert found["gap_count"] == len(gaps)
    assert found["missing"] == sum(gap["missing"] for gap in gaps)
    assert numbering.measured()[partner] == found["missing"]


def test_a_rebuild_finds_the_same(numbering: Numbering) -> None:
    numbering.send("pintaria", 0, 100, record("101"), b"{", 103)
    assert numbering.kept.rebuild().differences == dict.fromkeys(READ_MODELS, 0)
    numbering.send("pintaria", 1, record("104"), 101, 106)
    assert numbering.look() == 3
    gap = {"from": 105, "to": 105, "missing": 1}
    assert numbering.shown("pintaria")["gaps"][-1] == gap
    assert numbering.kept.rebuild().differences == dict.fromkeys(READ_MODELS, 0)
    assert numbering.shown("pintaria")["gaps"][-1] == gap


@pytest.mark.parametrize(
    ("kept", "number"),
    [
        (record("0000000012"), 12),
        (record(12), 12),
        (record("12", specversion="0.3", type=5), 12),
        (record("x"), None),
        (record("-1"), None),
        (record(True), None),
        (record(None), None),
        (record(1.5), None),
        (record("9" * 19), None),
        (record("1\n"), None),
        (b'{"sequence": "12", "class_code": "A"}', None),
        (record("12")[:-1], None),
        (b'{"specversion": "1.0", "sequence": "\xff"}', None),
        (b"[" * 100_000, None),
        (b"", None),
        (b"12", None),
    ],
)
def test_a_number_is_read_from_what_is_an_envelope(kept: bytes, number: int | None) -> None:
    assert sequences.number_of(kept) == number
