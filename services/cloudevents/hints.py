"""What may be meant otherwise: the right word behind a wrong one, and events that are accepted and look odd.

A hint names words of the contract, never what was sent: that could be personal data. Names of fields are told as well;
where a hint is kept, only those that look like names.
"""

import re
from collections.abc import Callable, Iterable, Iterator
from difflib import get_close_matches
from enum import StrEnum
from typing import Any, Final

from msgspec import Struct

from domain.telling import tell
from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.json_text import parse
from services.cloudevents.shape import Fields, objects

LIKENESS: Final = 0.75
"""As `difflib` counts it: of two words of ten letters, some three may differ."""


class Kind(StrEnum):
    """What kind of hint it is, for counting."""

    UNKNOWN_FIELD = "unknown_field"
    PERCENT_AS_SHARE = "percent_as_share"
    LOOKS_LIKE_PHONE = "looks_like_phone"
    LOOKS_LIKE_EMAIL = "looks_like_email"
    LOOKS_LIKE_NATIONAL_ID = "looks_like_national_id"
    MISSING_KEY = "missing_key"
    WORD_MEANT = "word_meant"


class Hint(Struct, frozen=True):
    """Something about an accepted event that its sender may want to look at."""

    kind: Kind
    detail: str


def did_you_mean(word: str, words: Iterable[str]) -> str:
    """A question with the word that is most like the one sent, as it stands behind a sentence; "" where none is."""
    found = nearest(word, words)
    return tell(" Did you mean `%(word)s`?", word=found) if found else ""


def nearest(word: str, words: Iterable[str]) -> str:
    """The word that differs in its case and signs only, or else is most like it; "" where none is."""
    if not 2 <= len(word) <= 128:
        return ""
    spelled = {_letters(known): known for known in words}
    letters = _letters(word)
    if letters in spelled:
        return spelled[letters]
    close = get_close_matches(letters, spelled, n=1, cutoff=LIKENESS)
    return spelled[close[0]] if close else ""


def type_meant(sent: str, types: Iterable[str]) -> str:
    """As `did_you_mean`, of a CloudEvents type: its prefix may be missing, its version another or missing."""
    known = {name.removeprefix(TYPE_PREFIX).rpartition(".")[0]: name for name in types}
    bare = re.sub(r"\.v\d+$", "", sent.lower().removeprefix(TYPE_PREFIX))
    found = nearest(bare, known)
    return tell(" Did you mean `%(word)s`?", word=known[found]) if found else ""


def field_meant(missing: str, found: Iterable[str], known: Iterable[str]) -> str:
    """A question where a field that the contract does not know is most like the one that is missing."""
    unknown = [name for name in found if name not in set(known)]
    if any(nearest(name, known) == missing for name in unknown):
        return tell(" Did you mean `%(word)s` by a field that is not known?", word=missing)
    return ""


def _letters(word: str) -> str:
    return re.sub(r"[^a-z0-9]", "", word.lower())


_PHONE: Final = re.compile(r"(\+?62|0)8\d{7,11}")
_EMAIL: Final = re.compile(r"[^@\s]+@[^@\s]+\.[^@\s]+")
_PREFIXED: Final = re.compile(r"(?:nik|ktp|id)?[\W_]*\d{16}", re.IGNORECASE)


MISSING_KEY: Final = Hint(
    Kind.MISSING_KEY,
    tell(
        "The record has no key: send the participant_id (of publications the code), so that one participant's events "
        "stay in order."
    ),
)

_NAME: Final = re.compile(r"[A-Za-z_](?:[A-Za-z_.-]|\d{1,4}(?!\d)){0,39}")


def is_name(text: str) -> bool:
    """Whether a field's name looks like one, and not like something that stands for somebody."""
    return _NAME.fullmatch(text) is not None


def anything(_: str) -> bool:
    """Whether a name is told: each."""
    return True


def hints(
    value: bytes,
    fields: Fields,
    *,
    structured: bool = True,
    is_told: Callable[[str], bool] = anything,
) -> Iterator[Hint]:
    """Each hint about an event that was accepted, of a type with these fields.

    ``structured``: the value is the whole event, and not `data` alone. ``is_told``: which unknown fields are named.
    """
    tree = parse(value)
    data = tree.get("data") if structured and isinstance(tree, dict) else tree
    if not isinstance(data, dict):
        return
    for path, found, named in objects(data, fields, "data"):
        for name in found:
            if name not in named:
                meant = did_you_mean(name, named.keys() - found.keys())
                what = (
                    f"`{path}.{name}`"
                    if is_told(name)
                    else tell("A field of `%(path)s`", path=path)
                )
                detail = tell(
                    "%(what)s is not known, and ignored.%(meant)s", what=what, meant=meant
                )
                yield Hint(Kind.UNKNOWN_FIELD, detail)
    yield from _odd_values(data)


def _odd_values(data: dict[str, Any]) -> Iterator[Hint]:
    percent = data.get("percent")
    if isinstance(percent, int | float) and not isinstance(percent, bool) and 0 < percent <= 1:
        detail = tell("`data.percent` is 1 or less: it is a percentage from 0 to 100, not a share.")
        yield Hint(Kind.PERCENT_AS_SHARE, detail)
    participant_id = data.get("participant_id")
    if not isinstance(participant_id, str):
        return
    digits = re.sub(r"[\s.-]", "", participant_id)
    for form, text, kind, what in (
        (_PHONE, digits, Kind.LOOKS_LIKE_PHONE, tell("a telephone number")),
        (_EMAIL, participant_id, Kind.LOOKS_LIKE_EMAIL, tell("an e-mail address")),
        (
            _PREFIXED,
            participant_id,
            Kind.LOOKS_LIKE_NATIONAL_ID,
            tell("a national id with a prefix"),
        ),
    ):
        if form.fullmatch(text):
            detail = tell(
                "`data.participant_id` looks like %(what)s: send the programme's pseudonym, never who somebody is.",
                what=what,
            )
            yield Hint(kind, detail)
