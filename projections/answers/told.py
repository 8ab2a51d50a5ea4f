"""Which answers about purchased classes differ from what was told last, participant by participant.

An answer is made of the participant's events and the catalogue, as the API's is. What was told of a class is kept as a
number, which rises with each message, and a digest: nothing is told twice, but what a crash left unknown.
"""

from collections.abc import Iterable, Mapping
from hashlib import blake2b
from typing import Final, NamedTuple

import msgspec
from msgspec import Struct
from msgspec.structs import replace

from domain.class_evidence import Slices, classes_named
from domain.participant import State
from projections.reading.paths import part
from projections.reading.purchased_class import PurchasedClass, answer_of, shown
from projections.status.record import Rules

MOST_PURCHASES: Final = 500
"""So many purchases of one class stand in a message, the earliest: brokers take messages of 1 MiB."""

GONE: Final = 0
"""The digest of a class of which was told that it is no longer purchased."""

UNKNOWN: Final = 1
"""The digest of a class of which a message is under way, and arrives or not: what the answer is then is told."""


class Told(Struct, array_like=True, frozen=True, gc=False):
    """What was told of one class: how many messages, and the digest of the last one."""

    number: int
    digest: int


ToldOf = dict[str, Told]
"""By class code."""

NOTHING_TOLD: Final[Mapping[str, Told]] = {}


class Change(NamedTuple):
    """What is to be told of one class. ``answer`` None: it is no longer purchased."""

    participant_id: str
    class_code: str
    told: Told
    answer: PurchasedClass | None

    @property
    def key(self) -> str:
        """What the messages about one class of one participant have in common, as in a URL's path."""
        return f"{part(self.participant_id)}/{part(self.class_code)}"

    @property
    def event_id(self) -> str:
        """The same for the same message that is sent again; another for any other message."""
        return f"{self.key}/{self.told.number}-{self.told.digest:016x}"


_encode = msgspec.json.Encoder().encode
encode_told = msgspec.msgpack.Encoder().encode
decode_told = msgspec.msgpack.Decoder(dict[str, Told]).decode


class About(NamedTuple):
    """Of which partner's participant, by pseudonym, and by which rules."""

    partner_id: int
    participant_id: str
    rules: Rules


def answers(of: About, state: State) -> dict[str, PurchasedClass]:
    """The answer about each purchased class of a participant, by class code."""
    partner_id, participant_id, rules = of
    codes = set(state.classes)
    for purchase in state.purchases.values():
        codes |= classes_named(purchase, rules.catalogue)
    slices = Slices(state, rules.catalogue)
    found: dict[str, PurchasedClass] = {}
    for code in sorted(codes):
        answer = answer_of(code, slices.of(code), rules, None)
        if answer.purchase != "none":
            found[code] = shown(partner_id, participant_id, code, answer, rules, None)
    return found


def changes(of: About, state: State, told: Mapping[str, Told], topic: str) -> list[Change]:
    """What is to be told of a participant's classes. ``topic`` is the one that ``told`` was told in, with its id."""
    found: list[Change] = []
    key = topic.encode()[:64]
    current = answers(of, state)
    for code, answer in current.items():
        if len(answer.purchases) > MOST_PURCHASES:
            answer = replace(answer, purchases=answer.purchases[:MOST_PURCHASES])  # noqa: PLW2901
        before = told.get(code)
        digest = _digest(answer, key)
        if before is None or before.digest != digest:
            number = 1 if before is None else before.number + 1
            found.append(Change(of.participant_id, code, Told(number, digest), answer))
    found += [
        Change(of.participant_id, code, Told(before.number + 1, GONE), None)
        for code, before in told.items()
        if code not in current and before.digest != GONE
    ]
    return found


def under_way(told: Mapping[str, Told], changed: Iterable[Change]) -> ToldOf:
    """What is known to be told of a participant from the moment that the changes may arrive."""
    return {
        **told,
        **{change.class_code: Told(change.told.number - 1, UNKNOWN) for change in changed},
    }


def after(told: Mapping[str, Told], changed: Iterable[Change]) -> ToldOf:
    """What is told of a participant once the changes are."""
    return {**told, **{change.class_code: change.told for change in changed}}


def _digest(answer: PurchasedClass, key: bytes) -> int:
    digest = int.from_bytes(blake2b(_encode(answer), digest_size=8, key=key).digest())
    return digest if digest > UNKNOWN else digest + 2
