"""Hints about records of a batch, counted by kind with the last of each: what its sender may want to look at.

Looking takes longer than reading, so only some records are looked at: of each lane and batch the first few that were
read as events, the first few with fields that nobody knows, and the first few refusals. What a sender does again and
again shows so; the counts are of the records that were looked at.
"""

from collections.abc import Iterator, Sequence
from itertools import islice
from typing import Final

from domain.events import PartnerEvent
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.event_types import FIELDS
from services.cloudevents.hints import MISSING_KEY, Hint, Kind, hints, is_name
from services.cloudevents.mode import Mode, mode_of, read_headers
from services.intake.batch import Decoded, LaneBatch, LaneOutcome
from services.postgres.hints import HintRow
from services.xapi.decode import version_of

LOOKED_AT: Final = 3
"""So many of each sort."""

MOST_BYTES: Final = 16 * 1024
"""Larger ones are not looked at."""

_ASKS: Final = " Did you mean "


def hinted(batches: Sequence[LaneBatch], outcomes: Sequence[LaneOutcome]) -> list[HintRow]:
    """What is to be noted of each lane, one row a kind."""
    rows: list[HintRow] = []
    for batch, outcome in zip(batches, outcomes, strict=True):
        found: dict[str, HintRow] = {}
        for offset, hint in _of_lane(batch, outcome):
            before = found.get(hint.kind)
            count = 1 if before is None else before.records + 1
            lane = batch.lane
            found[hint.kind] = HintRow(
                lane.partner_id, lane.lane_id, hint.kind, count, offset, hint.detail
            )
        rows += found.values()
    return rows


def _of_lane(batch: LaneBatch, outcome: LaneOutcome) -> Iterator[tuple[int, Hint]]:
    for one in _looked_at(batch.decoded, outcome):
        seen: set[Kind] = set()
        for hint in _of_record(one):
            if hint.kind not in seen:
                seen.add(hint.kind)
                yield one.offset, hint
    for refused in outcome.rejections[:LOOKED_AT]:
        if _ASKS in refused.detail:
            yield refused.kafka_offset, Hint(Kind.WORD_MEANT, refused.detail)


def _looked_at(decoded: Sequence[Decoded], outcome: LaneOutcome) -> Iterator[Decoded]:
    read = (one for one in decoded if isinstance(one.outcome, PartnerEvent))
    first = list(islice(read, LOOKED_AT))
    yield from first
    if outcome.unknown_fields:
        odd = (one for one in read if one.outcome.unknown_fields)  # type: ignore[union-attr]
        yield from islice(odd, LOOKED_AT)


def _of_record(one: Decoded) -> Iterator[Hint]:
    event, raw = one.outcome, one.raw
    assert isinstance(event, PartnerEvent)  # noqa: S101 - narrows for mypy
    if raw.key is None:
        yield MISSING_KEY
    if raw.value is None or len(raw.value) > MOST_BYTES or version_of(raw.headers) is not None:
        return
    read = read_headers(raw.headers)
    mode = mode_of(read.content_type, has_specversion="specversion" in read.attributes)
    named = FIELDS[TYPE_PREFIX + event.fact.name]
    yield from hints(raw.value, named, structured=mode is Mode.STRUCTURED, is_told=is_name)
