"""Validates lines as the intake would, without Kafka and without a database."""

from collections.abc import Iterable, Iterator, Mapping
from typing import Final

from msgspec import Struct

from domain import catalogue
from domain.errors import Reason, Refusal
from domain.events import DECLARATION_STREAM, PARTICIPANT_STREAM, EventVoided, PartnerEvent
from domain.marks import key_of
from domain.telling import tell
from domain.vocabulary import PARTNERS, TYPE_PREFIX
from projections.storage.facts import encode
from services.cloudevents.decode import decode
from services.cloudevents.event_types import FIELDS
from services.cloudevents.hints import Hint, hints
from services.cloudevents.json_text import parse
from services.cloudevents.time import NO_TIMESTAMP
from services.intake.sorting import ID_CONFLICT
from services.xapi.activities import NO_ACTIVITIES, NO_PARTNERS, Activities
from services.xapi.decode import VERSION_HEADER

XAPI_VERSIONS: Final = (b"1.0.3", b"2.0.0")

NO_PLATFORM: Final = tell(
    "`source` must be /partners/ and your platform's code, one of: %(codes)s.",
    codes=", ".join(PARTNERS),
)
"""Of a line whose source names nobody, where it is not said for whose topic it is meant."""

_ANYBODY: Final = next(iter(PARTNERS))

SOMEBODY: Final = b"participant"
"""Stands for the key of a statement's record, which is not in the file."""


class Checked(Struct, frozen=True):
    """What would become of one line: `accepted`, `duplicate` or `rejected` with reason and detail.

    ``number`` counts from 1. Repeats and conflicts are judged within the file, in the order of its lines.
    """

    number: int
    outcome: str
    reason: Reason | None = None
    detail: str | None = None
    unknown_fields: int = 0
    hints: tuple[Hint, ...] = ()
    """What its sender may want to look at although it is accepted."""


def check_lines(
    lines: Iterable[bytes],
    partner: str | None = None,
    sent_ms: int = NO_TIMESTAMP,
    activities: Activities = NO_PARTNERS,
) -> Iterator[Checked]:
    """Each line's outcome, were it sent at ``sent_ms`` (milliseconds since 1970); empty lines are passed over.

    Without ``partner`` a line counts as sent to the topic of the partner that its own source names. A line with a verb
    and no specversion is an xAPI statement, of whichever version takes it: its header, and the key that says who did
    it, are not in the file. ``activities`` say which class it is about, and, as a statement names no platform, also
    whose it is where ``partner`` does not.
    """
    seen: dict[tuple[str, str], tuple[object, ...]] = {}
    catalogues: dict[str, catalogue.State] = {}
    for number, line in enumerate(lines, start=1):
        value = line.rstrip(b"\r\n")
        if not value.strip():
            continue
        statement = _statement_in(value)
        outcome: PartnerEvent | Refusal | None
        if statement is not None:
            teller = partner or _partner_with(statement, activities)
            of_partner = activities.get(teller, NO_ACTIVITIES)
            outcome = _of_statement(teller, value, sent_ms, of_partner)
        else:
            outcome = decode(partner or _named_partner(value), None, (), value, sent_ms)
        if isinstance(outcome, PartnerEvent):
            outcome = _repeated_or_new(outcome, seen, catalogues)
        if isinstance(outcome, Refusal):
            names_nobody = partner is None and outcome.reason == Reason.SOURCE_MISMATCH
            detail = NO_PLATFORM if names_nobody else outcome.detail
            yield Checked(number, "rejected", outcome.reason, detail)
        elif outcome is None:
            yield Checked(number, "duplicate")
        else:
            named = FIELDS[TYPE_PREFIX + outcome.fact.name]
            found = () if statement is not None else tuple(hints(value, named))
            yield Checked(number, "accepted", unknown_fields=outcome.unknown_fields, hints=found)


def _repeated_or_new(
    event: PartnerEvent,
    seen: dict[tuple[str, str], tuple[object, ...]],
    catalogues: dict[str, catalogue.State],
) -> PartnerEvent | Refusal | None:
    """The event when it is new, None when it repeats an earlier line, a refusal when it contradicts one."""
    name = (event.partner, event.event_id)
    content = (event.fact.topic, event.stream, event.happened, encode(event.fact))
    if name in seen:
        return None if seen[name] == content else Refusal(Reason.ID_CONFLICT, ID_CONFLICT)
    state = catalogues.setdefault(event.partner, catalogue.State())
    if isinstance(event.fact, EventVoided):
        catalogue.withdraw(state, event.happened, key_of(event.fact.target_id))
    elif not event.stream.startswith((PARTICIPANT_STREAM, DECLARATION_STREAM)):
        decision = catalogue.publish(state, event)
        if isinstance(decision, Refusal):
            return decision
    seen[name] = content
    return event


def _statement_in(value: bytes) -> dict[str, object] | None:
    """The fields of a line that is meant as an xAPI statement; None: it is not."""
    if b'"verb"' not in value:
        return None
    tree = parse(value)
    if isinstance(tree, dict) and "verb" in tree and "specversion" not in tree:
        return tree
    return None


def _partner_with(statement: Mapping[str, object], activities: Activities) -> str:
    """The partner that maps the statement's activity; any partner where none does."""
    activity = statement.get("object")
    named = activity.get("id") if isinstance(activity, dict) else None
    if not isinstance(named, str):
        return _ANYBODY
    return next((who for who, mapped in activities.items() if named in mapped), _ANYBODY)


def _of_statement(
    partner: str, value: bytes, sent_ms: int, activities: Mapping[str, str]
) -> PartnerEvent | Refusal:
    """What becomes of a statement by the version that takes it; where none does, by the older one."""
    refusal: Refusal | None = None
    for version in XAPI_VERSIONS:
        headers = [(VERSION_HEADER, version)]
        outcome = decode(partner, SOMEBODY, headers, value, sent_ms, activities)
        if isinstance(outcome, PartnerEvent):
            return outcome
        refusal = refusal or outcome
    assert refusal is not None  # noqa: S101 - there are versions
    return refusal


def _named_partner(value: bytes) -> str:
    """The partner in the line's own source; any partner when it names none (the line is then refused)."""
    tree = parse(value)
    source = tree.get("source") if isinstance(tree, dict) else None
    partner = source.removeprefix("/partners/") if isinstance(source, str) else ""
    return partner if partner in PARTNERS else _ANYBODY
