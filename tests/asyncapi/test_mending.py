"""Each record of docs/mending.md, read as the intake reads it."""

from pathlib import Path

import pytest

from domain.errors import Reason, Refusal
from domain.events import PartnerEvent
from services.asyncapi.mending import MENDINGS, SENDER, Mending, Sample, page, refusal
from services.intake.decoding import decoded
from services.intake.lanes import Lane
from services.intake.offline import check_lines
from services.intake.weights import Weights
from services.kafka.batches import batches
from tests.services.kafka.sealed import seal_batch, varint

PAGE = Path(__file__).parents[2] / "docs" / "mending.md"
LANE = Lane(1, f"tuntas.partner.{SENDER}", 0, 1, 1, 0)
BY_OTHERS = {Reason.ID_CONFLICT, Reason.PACKAGE_CONFLICT}


def test_the_page_is_current() -> None:
    made = "run: python -m services.asyncapi.mending docs/mending.md"
    assert PAGE.read_text(encoding="utf-8") == page(), made


def test_each_reason_is_there_once() -> None:
    assert [mending.reason for mending in MENDINGS] == list(
        dict.fromkeys(mending.reason for mending in MENDINGS)
    )
    assert {mending.reason for mending in MENDINGS} == set(Reason)


def outcome(sample: Sample) -> PartnerEvent | Refusal:
    """What becomes of a record by itself, from its bytes in Kafka on."""
    headers = [(name.encode(), value.encode()) for name, value in sample.headers.items()]
    if sample.header_name:
        headers.append((sample.header_name, b"1"))
    key = b"PRK-000000042"
    parts = [b"\x00\x00", varint(0), varint(len(key)) + key]
    parts += [varint(len(sample.value)) + sample.value, varint(len(headers))]
    parts += [varint(len(part)) + part for header in headers for part in header]
    inner = b"".join(parts)
    (batch,) = batches(seal_batch(varint(len(inner)) + inner, 1, -1), 0, 1)
    (one,) = decoded(LANE, batch.records, Weights(lambda *_: 1))
    return one.outcome


@pytest.mark.parametrize("mending", MENDINGS, ids=lambda mending: mending.reason)
def test_the_bad_record_is_refused_and_the_mended_one_accepted(mending: Mending) -> None:
    assert refusal(mending).reason == mending.reason
    assert isinstance(outcome(mending.mended), PartnerEvent)
    if mending.reason not in BY_OTHERS:
        found = outcome(mending.bad)
        assert isinstance(found, Refusal)
        assert (found.reason, found.detail) == (mending.reason, refusal(mending).detail)
    else:
        assert mending.before is not None
        lines = [mending.before.value, mending.bad.value, mending.mended.value]
        told = [line.reason or line.outcome for line in check_lines(lines, SENDER)]
        assert told == ["accepted", mending.reason, "accepted"]
