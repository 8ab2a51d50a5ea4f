"""Writes a batch: everything that its records mean, in one transaction.

Lane rows (compare-and-set), events, duplicates, rejections, the catalogue and the status rows are committed
together or not at all. Whatever was seen too early (participants that another lane writes, a catalogue that moved on,
an event id that another lane of the partner stored first) rolls the transaction back, and the batch is done again on
what is there now.

What a worker must know comes from the ledger: participants by snapshot and later events, catalogues by their changes.
The status rows are only written, never read.
"""

import time
from collections.abc import Callable, Collection, Mapping, Sequence
from collections.abc import Set as AbstractSet
from concurrent.futures import Future
from contextlib import AbstractContextManager
from functools import partial
from typing import TypeVar

from psycopg2.extensions import cursor

from domain.catalogue import State as Catalogue
from domain.marks import key_of
from domain.vocabulary import MAX_CLASSES, PARTNER_IDS
from projections import aggregates, catalogue
from projections.aggregates import (
    load_records,
    put_snapshots,
)
from projections.status import writing as status
from projections.status.record import Record, Rules
from projections.status.writing import one_after_the_other
from services import turns
from services.intake import ownership
from services.intake.batch import BatchOutcome, LaneBatch, Wanted, wanted
from services.intake.cache import RecordCache
from services.intake.hinting import hinted
from services.intake.judging import StaleRules, check_rules
from services.intake.lanes import Lane
from services.intake.ownership import WrittenElsewhere
from services.intake.sorting import sort_out
from services.intake.storing import Found, changed_rows, due_snapshots, lanes_of, step, storing
from services.postgres import hints, lane_rows, ledger
from services.postgres.connect import transaction
from services.postgres.errors import TOOK_TOO_LONG, LedgerConflict, Retry
from services.postgres.ledger import LaneEvents, LedgerEntry
from services.postgres.vault import Vault
from services.postgres.waiting import WaitingConnection

Result = TypeVar("Result")

ATTEMPTS = 20
"""How often a batch is done again before the worker gives up and says why."""

CAREFUL_BATCHES = 100
"""For so many batches all event ids of a partner are looked up, after one that no participant's record could know."""


NUMBERS_A_RECORD = 4
"""So many participants' numbers are kept in memory for each participant whose record is."""

WORTH_A_THREAD = 500
"""So many events take PostgreSQL longer than it takes to begin a thread."""


class Writer:
    """Writes batches on one connection; keeps participant records and catalogues between them."""

    def __init__(self, session: WaitingConnection, cached_participants: int) -> None:
        self._session = session
        self._cache = RecordCache(cached_participants)
        self._vault = Vault(session, NUMBERS_A_RECORD * cached_participants)
        self._rules: dict[int, Rules] = {}
        self._careful: dict[int, int] = {}
        with transaction(session) as work:
            status.prepare(work)
            aggregates.prepare(work)

    def drop_lane(self, lane: Lane) -> None:
        """Forgets what is cached of a lane that is no longer this worker's."""
        self._cache.drop_lane(lane.lane_id)

    def classes_in(self, partner: str, package_code: str) -> int:
        """How many classes a package has: 0 where it is not published, the most there can be where that is unknown."""
        rules = self._rules.get(PARTNER_IDS[partner])
        if rules is None:
            return MAX_CLASSES
        return len(rules.catalogue.composition(package_code) or ())

    def write(self, batches: Sequence[LaneBatch]) -> BatchOutcome:
        """Commits one batch and moves its lanes' ``next_offset``; returns what its records became.

        Blocks on PostgreSQL. Raises LaneLost when a lane belongs to another worker (nothing is written then), and
        the errors of services.postgres for a database that is away, and for a batch that cannot be written or takes too
        long: less of it may be written. A batch has each lane once.
        """
        wants = wanted(batches)
        others: set[int] = set()
        overtaken: set[int] = set()
        for attempt in range(1, ATTEMPTS + 1):
            try:
                numbers = self._numbers(wants)
                with transaction(self._session) as work:
                    outcome = self._attempt(work, batches, wants, numbers, others, overtaken)
                break
            except (StaleRules, WrittenElsewhere, LedgerConflict, Retry) as early:
                self._forget(wants)
                if isinstance(early, Retry) and early.sqlstate == TOOK_TOO_LONG:
                    raise
                if isinstance(early, WrittenElsewhere):
                    others |= early.lane_ids
                if isinstance(early, StaleRules):
                    overtaken |= early.partner_ids
                if isinstance(early, LedgerConflict):
                    self._careful |= dict.fromkeys(wants, CAREFUL_BATCHES)
                if attempt == ATTEMPTS:
                    raise
            except BaseException:
                self._forget(wants)
                raise
        for batch in batches:
            batch.lane.next_offset = batch.next_offset
        self._careful = {
            partner_id: left - (partner_id in wants)
            for partner_id, left in self._careful.items()
            if left > 0
        }
        return outcome

    def _forget(self, wants: Mapping[int, Wanted]) -> None:
        for partner_id, want in wants.items():
            self._cache.forget((partner_id, who) for who in want.participants)
            self._rules.pop(partner_id, None)

    def _attempt(
        self,
        work: cursor,
        batches: Sequence[LaneBatch],
        wants: Mapping[int, Wanted],
        numbers: Mapping[str, int],
        others: AbstractSet[int],
        overtaken: AbstractSet[int],
    ) -> BatchOutcome:
        """``numbers``: of the participants that are not in memory.

        ``others``: lanes that are known to write participants of the batch. ``overtaken``: partners whose catalogue
        moved on during an earlier attempt, or is changed by what is withdrawn; now they are locked from the start, or
        somebody who publishes without a pause would be ahead every time.
        """
        rules = self._current_rules(work, wants, overtaken)
        held = others | {batch.lane.lane_id for batch in batches}
        if others:
            ownership.hold(work, held)
        found = self._read(work, wants, numbers, rules)
        outcome = sort_out(
            batches,
            found.known,
            found.records,
            found.rules,
            partial(_find_events, work, found.records),
            found.withdrawn,
        )
        unlocked = outcome.changes_catalogue_of() - _locked(wants, overtaken)
        if unlocked:
            # Catalogues are locked before lanes, by everybody: nobody waits in a circle then.
            raise StaleRules(unlocked)
        sorted_lanes = list(zip(batches, outcome.lanes, strict=True))
        first_positions = lane_rows.advance(work, [step(*pair) for pair in sorted_lanes])
        # From here on no projector passes these lanes and no other worker writes these participants: what the heads
        # and the owners say now is what counts.
        check_rules(work, found.rules)
        ownership.claim(work, lanes_of(wants, found.records), held, found.loaded)
        events = [
            LaneEvents(
                batch.lane.lane_id,
                batch.lane.partner_id,
                first_positions[batch.lane.lane_id],
                lane.events,
            )
            for batch, lane in sorted_lanes
        ]
        large = sum(len(each.rows) for each in events) >= WORTH_A_THREAD
        concurrently = self._concurrently if large else one_after_the_other
        with concurrently(storing(work, events, outcome, found.rules)):
            rows = status.stage(changed_rows(outcome, found))
            snapshots = due_snapshots(outcome, found, wants, events)
            noted = hinted(batches, outcome.lanes)
        status.write(work, rows, concurrently)
        hints.note(work, noted, time.time_ns() // 1000)
        put_snapshots(work, snapshots)
        return outcome

    def _numbers(self, wants: Mapping[int, Wanted]) -> dict[str, int]:
        """The numbers of the batch's participants that are not in memory, given to those who are new."""
        unknown = {
            who
            for partner_id, want in wants.items()
            for who in self._cache.missing(partner_id, want.participants)
        }
        return self._vault.numbers(unknown)

    def _read(
        self,
        work: cursor,
        wants: Mapping[int, Wanted],
        numbers: Mapping[str, int],
        rules: dict[int, Rules],
    ) -> Found:
        # A repeat comes with its own participant, whose record holds the first: only such ids are looked up, and those
        # that publish. An id that another participant used shows when the events are written; then all are looked up.
        asked = {
            partner_id: ids
            for partner_id, want in wants.items()
            if (ids := want.event_ids if partner_id in self._careful else want.catalogue_ids)
        }
        records, loaded = self._records(work, wants, numbers)
        known = _find_events(work, records, asked)
        withdrawn = {
            partner_id: catalogue.early_withdrawals(work, partner_id, map(key_of, ids))
            for partner_id, want in wants.items()
            if (ids := want.catalogue_ids)
        }
        return Found(rules, known, records, withdrawn, loaded)

    def _concurrently(
        self, statements: Callable[[], Result]
    ) -> AbstractContextManager[Future[Result]]:
        """Has PostgreSQL work through statements while a block computes."""
        return turns.concurrently(statements, self._session.waiting())

    def _current_rules(
        self, work: cursor, wants: Mapping[int, Wanted], overtaken: AbstractSet[int]
    ) -> dict[int, Rules]:
        """The rules of the batch's partners, up to date; who publishes or was ``overtaken`` is locked."""
        locked = _locked(wants, overtaken)
        unknown = [p for p in wants if p not in self._rules and p not in locked]
        heads: dict[int, tuple[int, int]] = {}
        if unknown:
            heads |= catalogue.heads(work, unknown)
        if locked:
            heads |= catalogue.heads(work, locked, lock=True)
        for partner_id, (revision, sales_end) in heads.items():
            rules = self._rules.setdefault(partner_id, Rules(Catalogue(), sales_end))
            catalogue.follow(work, partner_id, rules, revision, sales_end)
        return {partner_id: self._rules[partner_id] for partner_id in wants}

    def _records(
        self, work: cursor, wants: Mapping[int, Wanted], numbers: Mapping[str, int]
    ) -> tuple[dict[int, dict[str, Record]], dict[int, dict[int, str]]]:
        """The participant records of the batch, from the cache or the ledger, now most recently used.

        Secondly those from the ledger, by number.
        """
        records = {
            partner_id: self._cache.take(partner_id, want.participants)
            for partner_id, want in wants.items()
        }
        missing = {
            partner_id: {
                numbers[who]: who for who in want.participants if who not in records[partner_id]
            }
            for partner_id, want in wants.items()
        }
        for partner_id, loaded in load_records(work, missing).items():
            who_is = missing[partner_id]
            records[partner_id] |= {who_is[person]: record for person, record in loaded.items()}
            self._cache.keep(partner_id, records[partner_id], wants[partner_id].participants)
        return records, missing


def _find_events(
    work: cursor,
    records: Mapping[int, Mapping[str, Record]],
    wanted: Mapping[int, Collection[str]],
) -> dict[int, dict[str, LedgerEntry]]:
    """Those of event ids by partner id that the ledger holds, of participants of the batch and of nobody."""
    if not wanted:
        return {}
    participants = {record.person: who for of in records.values() for who, record in of.items()}
    return ledger.find_events(work, wanted, participants)


def _locked(wants: Mapping[int, Wanted], overtaken: AbstractSet[int]) -> set[int]:
    """The partners of the batch whose catalogues are locked from the start."""
    return {
        partner_id
        for partner_id, want in wants.items()
        if want.publishes or partner_id in overtaken
    }
