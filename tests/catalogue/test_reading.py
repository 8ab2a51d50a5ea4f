"""Each record of the catalogue, encoded as Kafka holds it and read as the intake reads it: no broker, no database."""

import time
from collections.abc import Sequence

import pytest

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.offline import check_lines
from services.intake.rejecting import rejection
from services.intake.weights import Weights
from services.kafka.batches import batches
from services.kafka.records import KEPT_BYTES
from tests.catalogue.cases import CatalogueRecord, catalogue
from tests.catalogue.sending import batch_of_one
from tests.services.cloudevents.samples import PARTNER

CATALOGUE = catalogue()
NOW_MS = time.time_ns() // 1_000_000
LANE = Lane(1, f"tuntas.partner.{PARTNER}", 0, 1, 1, 0)

ONLY_BESIDE_OTHERS = {"duplicate", "id_conflict", "package_conflict"}
"""What a record becomes because of another one."""


def test_the_catalogue_is_large_and_knows_every_reason() -> None:
    assert len(CATALOGUE) >= 300
    assert {record.becomes for record in CATALOGUE} == {"accepted", "duplicate", *Reason}


@pytest.mark.parametrize("record", CATALOGUE, ids=lambda record: record.name)
def test_a_record_is_read_as_the_catalogue_says(record: CatalogueRecord) -> None:
    (batch,) = batches(batch_of_one(record, NOW_MS), 0, 1)
    (one,) = decoded(LANE, batch.records, Weights(lambda *_: 1))
    if record.becomes in ONLY_BESIDE_OTHERS | {"accepted"}:
        assert isinstance(one.outcome, PartnerEvent), one.outcome
        assert one.outcome.event_id == record.event_id
        assert one.outcome.unknown_fields == record.unknown
        return
    assert isinstance(one.outcome, Refusal), one.outcome
    row = rejection(LANE, one.offset, one.outcome, one.raw)
    assert row.reason == record.becomes
    assert record.says in row.detail
    if not record.kept:
        assert (row.record_key, row.record, row.headers) == (None, None, ())
    elif record.becomes != "corrupt_record":
        assert (row.record or b"")[:KEPT_BYTES] == (record.value or b"")[:KEPT_BYTES]


def test_a_file_of_the_catalogue_is_checked_as_it_is_read() -> None:
    lines: Sequence[CatalogueRecord] = [record for record in CATALOGUE if record.is_a_line]
    assert len(lines) > 200
    found = check_lines([record.value or b"" for record in lines], PARTNER, NOW_MS)
    for record, checked in zip(lines, found, strict=True):
        told = checked.reason or checked.outcome
        assert told == record.becomes, (record.name, checked)
        assert record.says.removesuffix("none of its bytes are kept") in (checked.detail or "")
