"""What a report knew, and when: the positions in Kafka up to which its figures hold everything."""

from collections.abc import Iterable, Sequence
from typing import Any

from domain.vocabulary import PARTNERS
from services.report.document import Block, Paragraph, Table
from services.report.figures import Answer, Gathered
from services.report.words import ABSENT, day_and_time, number


def last_recorded(of: Gathered) -> str:
    """When the newest record behind the figures was read, in Jakarta; a dash where none was."""
    return _latest(of.intake["items"])


def known(of: Gathered) -> Iterable[Block]:
    """The section."""
    yield Paragraph(
        f"Every figure holds all that was recorded up to {last_recorded(of)}: the positions below. "
        + (
            f"{number(of.read_meanwhile)} more records were read while the figures were asked for; of these some may "
            "be in one figure and not in another."
            if of.read_meanwhile
            else "Nothing more was read while the figures were asked for."
        )
        + _waiting(of)
    )
    yield Paragraph(
        "The figures say what had happened by their time as far as it is known now. They cannot be asked as they were "
        "known at an earlier time: evaluations are made from evidence that keeps when something happened, not when it "
        "was heard of. Only the history of one purchased class can (known_at). So keep this file: what partners send "
        "later about earlier times changes the same question's answer."
    )
    lanes: dict[str, list[Answer]] = {}
    for lane in of.intake["items"]:
        lanes.setdefault(lane["partner"], []).append(lane)
    yield Table(
        ["Partner", "events accepted", "last record read", "partition: next offset"],
        [_row(partner, lanes[partner]) for partner in PARTNERS if partner in lanes],
        texts=[2, 3],
    )


def _waiting(of: Gathered) -> str:
    if of.events_behind is None:
        why = of.behind_unknown.rstrip(".") or "Kafka was not asked"
        return f" How many records wait in Kafka is not known: {why}."
    if of.events_behind:
        return f" {number(of.events_behind)} records or changes waited to be read or added up, and are in no figure."
    return ""


def _row(partner: str, lanes: Sequence[Answer]) -> list[str]:
    return [
        PARTNERS[partner],
        number(sum(lane["accepted"] for lane in lanes)),
        _latest(lanes),
        ", ".join(f"{lane['partition']}: {lane['next_offset']}{_log(lane)}" for lane in lanes),
    ]


def _log(lane: Answer) -> str:
    """Of which log an offset is, where it is no longer the one that is read."""
    return "" if lane["is_current"] else f" (of the earlier log {lane['log_id']})"


def _latest(lanes: Sequence[Any]) -> str:
    times = [lane["last_read"] for lane in lanes if lane["last_read"] is not None]
    return day_and_time(max(times), seconds=True) if times else ABSENT
