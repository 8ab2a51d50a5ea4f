"""A refused record and its mended form for each reason: ``python -m services.asyncapi.mending docs/mending.md``.

The decoder is asked for each sentence, so that the page shows what a partner reads.
"""

import json
import sys
from collections.abc import Mapping
from pathlib import Path
from typing import Any, Final

import msgspec
from msgspec import Struct

from domain.errors import Reason, Refusal
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.decode import decode
from services.cloudevents.mode import CONTENT_TYPE, STRUCTURED_TYPE
from services.intake.offline import check_lines
from services.kafka.one_batch import NAME_IS_NO_TEXT
from services.language.marking import to_say
from services.xapi.decode import VERSION_HEADER

SENDER: Final = "pijar-mahir"
_STRUCTURED: Final = {CONTENT_TYPE: STRUCTURED_TYPE}


class Sample(Struct, frozen=True):
    """A record: its headers, its value and, for people, what is not to be shown whole."""

    value: bytes
    headers: Mapping[str, str] = msgspec.field(default_factory=lambda: _STRUCTURED)
    shown: str = ""
    header_name: bytes = b""
    """Of one header more, which may be no text."""


class Mending(Struct, frozen=True):
    """What is refused by one reason, and how it is right."""

    reason: Reason
    told: str
    bad: Sample
    mended: Sample
    before: Sample | None = None
    """What had been accepted, where the reason lies in that."""


def event(kind: str, data: object, **attributes: object) -> Sample:
    """An event in structured mode; an attribute of None is left out."""
    tree: dict[str, object] = {
        "specversion": "1.0",
        "id": "pm-1",
        "source": f"/partners/{SENDER}",
        "type": f"{TYPE_PREFIX}{kind}.v1",
        "time": "2020-06-30T09:15:00+07:00",
        **attributes,
        "data": data,
    }
    kept = {name: value for name, value in tree.items() if value is not None}
    return Sample(json.dumps(kept, ensure_ascii=False).encode())


def _statement(activity: str) -> Sample:
    tree: dict[str, Any] = {
        "id": "6c5b4b2e-7d3f-4b7c-9a53-2f5f0e3b1a10",
        "actor": {"account": {"homePage": "https://learn.example", "name": "u-1"}},
        "verb": {"id": "http://adlnet.gov/expapi/verbs/completed"},
        "object": {"id": activity},
        "timestamp": "2020-06-30T09:15:00+07:00",
    }
    return Sample(json.dumps(tree).encode(), {VERSION_HEADER: "1.0.3"})


_CLASS: Final = {"participant_id": "PRK-000000042", "class_code": "C-0107"}
_GOOD: Final = event("class.completed", _CLASS)
_LONG: Final = event("class.reviewed", {**_CLASS, "rating": 4, "comment": "x" * 300_000})
_LONG_SHOWN: Final = to_say("an event with a comment of 300,000 characters")
_HEADER_SHOWN: Final = to_say("a good event with a header named by the bytes ff fe")
_PACKAGE: Final = {"package_code": "K-OJOL", "title": "Paket Pengemudi"}

MENDINGS: Final = (
    Mending(
        Reason.NOT_JSON,
        "A comma too many, single quotes, a byte order mark, UTF-16: send one JSON object in UTF-8.",
        Sample(_GOOD.value.replace(b"}}", b"},}")),
        _GOOD,
    ),
    Mending(
        Reason.NOT_CLOUDEVENTS,
        "An attribute is missing or malformed, here a time without an offset.",
        event("class.completed", _CLASS, time="2020-06-30T09:15:00"),
        _GOOD,
    ),
    Mending(
        Reason.SOURCE_MISMATCH,
        "The topic says who is speaking: `source` names the same partner.",
        event("class.completed", _CLASS, source="/partners/tokopedia"),
        _GOOD,
    ),
    Mending(
        Reason.UNKNOWN_TYPE,
        "Types are in lower case, with their prefix and version.",
        event("class.finished", _CLASS),
        _GOOD,
    ),
    Mending(
        Reason.INVALID_DATA,
        "A field is missing, of another type or out of bounds, here a number in quotes.",
        event("class.progressed", {**_CLASS, "percent": "58.3"}),
        event("class.progressed", {**_CLASS, "percent": 58.3}),
    ),
    Mending(
        Reason.PERSONAL_DATA,
        "Never a national id: a number of 16 digits of your own gets a letter. Nothing is kept of such a record.",
        event("class.completed", {**_CLASS, "participant_id": "0000000000000000"}),
        event("class.completed", {**_CLASS, "participant_id": "PRK-0000000000000000"}),
    ),
    Mending(
        Reason.TOO_LARGE,
        "A value has at most 256 KiB, its key and headers 64 KiB.",
        Sample(_LONG.value, shown=_LONG_SHOWN),
        event("class.reviewed", {**_CLASS, "rating": 4, "comment": "jelas dan berguna"}),
    ),
    Mending(
        Reason.ID_CONFLICT,
        "An `id` belongs to one event. A new one gets an id of its own; a wrong one is withdrawn by `event.voided.v1`.",
        event("class.completed", {**_CLASS, "class_code": "C-0108"}),
        event("class.completed", {**_CLASS, "class_code": "C-0108"}, id="pm-2"),
        before=_GOOD,
    ),
    Mending(
        Reason.PACKAGE_CONFLICT,
        "What a package holds is fixed by its earliest publication: another composition gets another code.",
        event(
            "package.published",
            {**_PACKAGE, "class_codes": ["C-0106", "C-0109"]},
            id="pm-pkg-2",
            time="2020-07-01T00:00:00+07:00",
        ),
        event(
            "package.published",
            {**_PACKAGE, "package_code": "K-OJOL-2", "class_codes": ["C-0106", "C-0109"]},
            id="pm-pkg-2",
            time="2020-07-01T00:00:00+07:00",
        ),
        before=event(
            "package.published", {**_PACKAGE, "class_codes": ["C-0106", "C-0107"]}, id="pm-pkg-1"
        ),
    ),
    Mending(
        Reason.UNMAPPED_ACTIVITY,
        "A statement about a lesson is not about its class: name the class, or have the activity mapped (xapi.md).",
        _statement("https://learn.example/lessons/7"),
        _statement("https://learn.example/classes/C-0107"),
    ),
    Mending(
        Reason.CORRUPT_RECORD,
        "The bytes are no record of Kafka's, here by a header whose name is not UTF-8. Use a client that is kept up.",
        Sample(
            _GOOD.value,
            _STRUCTURED,
            _HEADER_SHOWN,
            b"\xff\xfe",
        ),
        _GOOD,
    ),
)
"""In the order of the guide's table, the most usual first."""


def refusal(mending: Mending) -> Refusal:
    """What the intake says to the bad record. Raises ValueError where it does not refuse it."""
    if mending.bad.header_name:
        return Refusal(Reason.CORRUPT_RECORD, NAME_IS_NO_TEXT)
    if CONTENT_TYPE not in mending.bad.headers:
        return _decoded(mending.bad)
    lines = [sample.value for sample in (mending.before, mending.bad) if sample is not None]
    *_, last = check_lines(lines, SENDER)
    if last.reason is None or last.detail is None:
        raise ValueError(f"{mending.reason}: the bad record is {last.outcome}")
    return Refusal(last.reason, last.detail)


def _decoded(sample: Sample) -> Refusal:
    headers = [(name, value.encode()) for name, value in sample.headers.items()]
    outcome = decode(SENDER, b"PRK-000000042", headers, sample.value)
    if not isinstance(outcome, Refusal):
        raise ValueError("the bad record is accepted")  # noqa: TRY004 - of the right type, and wrong
    return outcome


def page() -> str:
    """The page, with what Tuntas says to each refused record."""
    parts = ["# What was refused, and how it is right", _MADE]
    for mending in MENDINGS:
        parts += [f"## {mending.reason}", mending.told]
        if mending.before is not None:
            parts.append(f"Accepted before:\n\n{_shown(mending.before)}")
        parts.append(f"Refused:\n\n{_shown(mending.bad)}")
        parts.append(f"> {refusal(mending).detail}")
        parts.append(f"Mended:\n\n{_shown(mending.mended)}")
    return "\n\n".join(parts) + "\n"


_MADE: Final = (
    "A record for each reason, what Tuntas says to it, and the same mended. Made by"
    " `python -m services.asyncapi.mending docs/mending.md`; a test has the intake read every record of it. Under the"
    " same `id`, a mended event is accepted, and its rejection counts as resolved."
)


def _shown(sample: Sample) -> str:
    if sample.shown:
        return f"*{sample.shown}*"
    headers = "\n".join(f"{name}: {value}" for name, value in sample.headers.items())
    return f"```\n{headers}\n\n{sample.value.decode()}\n```"


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
