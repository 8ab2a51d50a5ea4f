"""What a partner declared of its own events, beside what was accepted, was only ever rejected, and is missing."""

from collections.abc import Callable, Iterable, Mapping
from copy import copy
from datetime import datetime
from typing import Annotated, Any, Final

from msgspec import Struct

from domain.events import (
    EventVoided,
    PurchasePaid,
    TotalsDeclared,
)
from projections.reading import only_rejected
from projections.reading.instants import instant
from projections.reading.meaning import means
from projections.reading.sequences import Sequence as Numbers
from projections.reading.sequences import sequence
from projections.reading.session import SnapshotSession
from projections.reading.totals import Counted, amount_of, before
from projections.storage.facts import decode
from projections.storage.sql import load

SQL: Final = load("projections.reading", "reconciliation.sql")

TARGETS_AT_ONCE: Final = 5_000
DECLARATIONS_SHOWN: Final = 1_000


class Totals(Struct, frozen=True):
    """Totals over a partner's events; null where they were not declared."""

    events: Annotated[int, means("Events, each id once; withdrawn ones are not counted.")]
    purchases: Annotated[int | None, means("How many of them are `purchase.paid`.")] = None
    completions: Annotated[int | None, means("How many are `class.completed`.")] = None
    amount: Annotated[int | None, means("Rupiah, as the `purchase.paid` say.")] = None


class Declared(Struct, frozen=True, kw_only=True):
    """One declaration that stands. ``declared`` = ``accepted`` + ``rejected_only`` + ``missing``, in events."""

    until: Annotated[datetime, means("The totals are over events that happened before.")]
    event_id: Annotated[str, means("The declaration's event id.")]
    declared_at: Annotated[datetime, means("When the partner declared it.")]
    recorded: Annotated[datetime, means("When it was read.")]
    declared: Annotated[Totals, means("What the partner says.")]
    accepted: Annotated[Totals, means("What was accepted so far.")]
    rejected_only: Annotated[
        int, means("Event ids of which records were only ever rejected, where their time is known.")
    ]
    missing: Annotated[
        int, means("Events that were declared and never arrived; below 0: more arrived.")
    ]
    difference: Annotated[Totals, means("Declared less accepted, of each total that is declared.")]


class Reconciliation(Struct, frozen=True, kw_only=True):
    """Every declaration that stands, the latest first, beside the gaps in running numbers."""

    partner: Annotated[str, means("Whose events they are.")]
    items: Annotated[
        list[Declared], means(f"One an `until`; the latest {DECLARATIONS_SHOWN:,} of them.")
    ]
    rejected_without_time: Annotated[
        int, means("Event ids that were only ever rejected, and say no time that can be read.")
    ]
    sequence: Annotated[Numbers, means("The partner's running numbers.")]


class _Withdrawn(Struct, frozen=True):
    """An event that was withdrawn: when it happened, since when it counts no more, what it was."""

    happened: datetime
    since: datetime
    topic: str
    amount: int


async def reconciliation(
    session: SnapshotSession,
    partner: str,
    partner_id: int,
    as_of: int,
    microseconds: Callable[[str], int | None],
) -> Reconciliation:
    """Each declaration made by ``as_of``, with what had happened by then.

    ``microseconds`` reads an RFC 3339 time. Where anything is declared, passes over the records that were rejected.
    """
    then = instant(as_of)
    declarations = await session.fetch(SQL["declarations"], partner_id, then)
    withdrawn = await _withdrawn(session, partner_id, then) if declarations else {}
    standing = _standing(declarations, withdrawn)
    untils = sorted(standing)[-DECLARATIONS_SHOWN:]
    totals: list[Counted] = []
    rejected, unknown = [0], 0
    if untils:
        totals = await before(session, partner_id, [min(until, as_of + 1) for until in untils])
        rejected, unknown = await only_rejected.between(
            session, partner_id, untils, as_of, microseconds
        )
    items: list[Declared] = []
    only = 0
    for until, total, in_bucket in zip(untils, totals, rejected, strict=False):
        only += in_bucket
        await session.step()
        items.append(_compared(until, standing[until], total, only, withdrawn))
    return Reconciliation(
        partner=partner,
        items=items[::-1],
        rejected_without_time=unknown,
        sequence=await sequence(session, partner_id),
    )


def _compared(
    until: int,
    declaration: tuple[Any, TotalsDeclared],
    total: Counted,
    rejected_only: int,
    withdrawn: Mapping[str, _Withdrawn],
) -> Declared:
    row, said = declaration
    before = instant(until)
    counted = copy(total)
    for one in withdrawn.values():
        if one.happened < before and one.since <= row["happened"]:
            counted.add(one.topic, -1, -one.amount)
    return Declared(
        until=before,
        event_id=row["event_id"],
        declared_at=row["happened"],
        recorded=row["recorded"],
        declared=Totals(said.events, said.purchases, said.completions, said.amount),
        accepted=Totals(counted.events, counted.purchases, counted.completions, counted.amount),
        rejected_only=rejected_only,
        missing=said.events - counted.events - rejected_only,
        difference=Totals(
            said.events - counted.events,
            _less(said.purchases, counted.purchases),
            _less(said.completions, counted.completions),
            _less(said.amount, counted.amount),
        ),
    )


def _standing(
    declarations: Iterable[Any], withdrawn: Mapping[str, _Withdrawn]
) -> dict[int, tuple[Any, TotalsDeclared]]:
    """Until to its declaration: of several the latest, of those at one time the greatest id; none withdrawn."""
    found: dict[int, tuple[Any, TotalsDeclared]] = {}
    for row in sorted(declarations, key=lambda row: (row["happened"], row["event_id"])):
        said = decode(TotalsDeclared.topic, row["state"])
        assert isinstance(said, TotalsDeclared)  # noqa: S101 - narrows for mypy
        if row["event_id"] not in withdrawn:
            found[said.until] = (row, said)
    return found


async def _withdrawn(
    session: SnapshotSession, partner_id: int, as_of: datetime
) -> dict[str, _Withdrawn]:
    """Event id to what was withdrawn by then, and since when.

    Withdrawing what withdraws has no effect, nor has withdrawing what is about another participant.
    """
    voids: dict[str, list[tuple[datetime, int]]] = {}
    async for rows in session.parts(SQL["withdrawals"], partner_id, as_of):
        for row in rows:
            voided = decode(EventVoided.topic, row["state"])
            assert isinstance(voided, EventVoided)  # noqa: S101 - narrows for mypy
            voids.setdefault(voided.target_id, []).append((row["happened"], row["person"]))
    found: dict[str, _Withdrawn] = {}
    wanted = list(voids)
    for first in range(0, len(wanted), TARGETS_AT_ONCE):
        some = wanted[first : first + TARGETS_AT_ONCE]
        for row in await session.fetch(SQL["targets"], partner_id, some):
            topic, person = row["topic"], row["person"]
            since = [
                happened for happened, of in voids[row["event_id"]] if not person or of == person
            ]
            if topic != EventVoided.topic and row["happened"] <= as_of and since:
                amount = amount_of(row["state"]) if topic == PurchasePaid.topic else 0
                found[row["event_id"]] = _Withdrawn(row["happened"], min(since), topic, amount)
    return found


def _less(declared: int | None, accepted: int) -> int | None:
    return None if declared is None else declared - accepted
