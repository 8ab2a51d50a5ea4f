"""What a report knew, and when: the positions in Kafka up to which its figures hold everything."""

from collections.abc import Iterable, Sequence
from typing import Any

from domain.vocabulary import PARTNERS
from services.language.language import ABSENT, Language
from services.report.document import Block, Paragraph, Table
from services.report.figures import Answer, Gathered


def last_recorded(of: Gathered, language: Language) -> str:
    """When the newest record behind the figures was read, in Jakarta; a dash where none was."""
    return _latest(of.intake["items"], language)


def known(of: Gathered, language: Language) -> Iterable[Block]:
    """The section."""
    yield Paragraph(
        " ".join(
            [
                language.say(
                    "Every figure holds all that was recorded up to %(when)s: the positions below.",
                    when=last_recorded(of, language),
                ),
                language.say(
                    "%(count)s more records were read while the figures were asked for; of these some may be in one "
                    "figure and not in another.",
                    count=language.number(of.read_meanwhile),
                )
                if of.read_meanwhile
                else language.say("Nothing more was read while the figures were asked for."),
                *_waiting(of, language),
            ]
        )
    )
    yield Paragraph(
        language.say(
            "The figures say what had happened by their time as far as it is known now. They cannot be asked as they "
            "were known at an earlier time: evaluations are made from evidence that keeps when something happened, not "
            "when it was heard of. Only the history of one purchased class can (known_at). So keep this file: what "
            "partners send later about earlier times changes the same question's answer."
        )
    )
    lanes: dict[str, list[Answer]] = {}
    for lane in of.intake["items"]:
        lanes.setdefault(lane["partner"], []).append(lane)
    yield Table(
        [
            language.say("Partner"),
            language.say("events accepted"),
            language.say("last record read"),
            language.say("partition: next offset"),
        ],
        [_row(partner, lanes[partner], language) for partner in PARTNERS if partner in lanes],
        texts=[2, 3],
    )


def _waiting(of: Gathered, language: Language) -> Iterable[str]:
    """The reason is the API's, in its words."""
    if of.events_behind is None:
        why = of.behind_unknown.rstrip(".") or language.say("Kafka was not asked")
        yield language.say("How many records wait in Kafka is not known: %(why)s.", why=why)
    elif of.events_behind:
        yield language.say(
            "%(count)s records or changes waited to be read or added up, and are in no figure.",
            count=language.number(of.events_behind),
        )


def _row(partner: str, lanes: Sequence[Answer], language: Language) -> list[str]:
    return [
        PARTNERS[partner],
        language.number(sum(lane["accepted"] for lane in lanes)),
        _latest(lanes, language),
        ", ".join(
            f"{lane['partition']}: {lane['next_offset']}{_log(lane, language)}" for lane in lanes
        ),
    ]


def _log(lane: Answer, language: Language) -> str:
    """Of which log an offset is, where it is no longer the one that is read."""
    if lane["is_current"]:
        return ""
    return " " + language.say("(of the earlier log %(log)s)", log=lane["log_id"])


def _latest(lanes: Sequence[Any], language: Language) -> str:
    times = [lane["last_read"] for lane in lanes if lane["last_read"] is not None]
    return language.long_moment(max(times), seconds=True) if times else ABSENT
