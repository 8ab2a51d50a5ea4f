"""What a batch that was sorted out comes to: values made without a database, and the statements that write the rest."""

import time
from collections.abc import Callable, Container, Mapping, Sequence

from msgspec import Struct
from psycopg2.extensions import cursor

from projections import catalogue
from projections.aggregates import StagedSnapshot, stage_snapshots
from projections.status.record import Changes, Record, Rules
from projections.status.rows import changes
from services.intake.batch import BatchOutcome, LaneBatch, LaneOutcome, Wanted
from services.postgres import ledger, outcomes
from services.postgres.lane_rows import Step
from services.postgres.ledger import LaneEvents, LedgerEntry


class Found(Struct, frozen=True):
    """What the database and the cache hold of what a batch's records speak of: by partner id.

    ``rules`` and ``records`` are the writer's own, and evolve when the batch is sorted out; ``loaded``: the numbers of
    participants whose records were not in memory.
    """

    rules: dict[int, Rules]
    known: dict[int, dict[str, LedgerEntry]]
    records: dict[int, dict[str, Record]]
    withdrawn: dict[int, dict[int, int]]
    loaded: Mapping[int, Container[int]]


def lanes_of(
    wants: Mapping[int, Wanted], records: Mapping[int, Mapping[str, Record]]
) -> dict[int, dict[int, int]]:
    """Partner id to participants' numbers to the lanes that they were read from."""
    return {
        partner_id: {
            records[partner_id][who].person: lane_id for who, lane_id in want.participants.items()
        }
        for partner_id, want in wants.items()
    }


def storing(
    work: cursor, events: Sequence[LaneEvents], outcome: BatchOutcome, rules: Mapping[int, Rules]
) -> Callable[[], None]:
    """What writes events, duplicates, rejections and publications; it mostly waits for PostgreSQL."""
    recorded = time.time_ns() // 1000
    encoded = ledger.encode_events(events, recorded)

    def store() -> None:
        ledger.copy_events(work, events, recorded, encoded=encoded)
        duplicates = [row for lane in outcome.lanes for row in lane.duplicates]
        outcomes.copy_duplicates(work, duplicates, recorded)
        rejections = [row for lane in outcome.lanes for row in lane.rejections]
        outcomes.copy_rejections(work, rejections, recorded)
        published = {partner: changed for partner, changed in outcome.published.items() if changed}
        if published:
            catalogue.write_changes(work, rules, published, recorded)
        catalogue.note_early_withdrawals(work, outcome.early)

    return store


def changed_rows(outcome: BatchOutcome, found: Found) -> dict[int, Changes]:
    """Per partner id, the status rows that the touched parts of participants have now."""
    changed: dict[int, Changes] = {}
    for partner_id, touched in outcome.touched.items():
        into = changed[partner_id] = Changes()
        records, rules = found.records[partner_id], found.rules[partner_id]
        for participant_id, parts in touched.items():
            record = records[participant_id]
            changes(record.person, record.state, parts, rules, into)
    return changed


def due_snapshots(
    outcome: BatchOutcome,
    found: Found,
    wants: Mapping[int, Wanted],
    events: Sequence[LaneEvents],
) -> list[StagedSnapshot]:
    """The snapshots of touched participants, of all up to the batch's ``events``."""
    ends = {each.lane_id: each.end() for each in events}
    due: list[StagedSnapshot] = []
    for partner_id, touched in outcome.touched.items():
        records, participants = found.records[partner_id], wants[partner_id].participants
        places = {records[who].person: ends[participants[who]] for who in touched}
        due += stage_snapshots(partner_id, [records[who] for who in touched], places)
    return due


def step(batch: LaneBatch, outcome: LaneOutcome) -> Step:
    """What a batch does to its lane."""
    lane = batch.lane
    read = len(batch.decoded)
    return Step(
        lane_id=lane.lane_id,
        epoch=lane.epoch,
        expected_offset=lane.next_offset,
        next_offset=batch.next_offset,
        accepted=len(outcome.events),
        duplicate=len(outcome.duplicates),
        rejected=len(outcome.rejections),
        skipped=batch.next_offset - lane.next_offset - read,
        unknown_fields=outcome.unknown_fields,
        high_water=max(batch.high_water, batch.next_offset),
    )
