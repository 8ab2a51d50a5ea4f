"""Strict JSON (RFC 8259) to Python values, keeping notice of repeated names."""

import json
import re
from collections import Counter
from itertools import accumulate
from typing import Final, NoReturn

from msgspec import Struct

from domain.telling import tell

MAX_DEPTH: Final = 64
_MAX_DIGITS: Final = 40

# A string, ended or not: so that no text makes the search start over at each of its quotes.
_STRING = re.compile(rb'"[^"\\]*(?:\\.[^"\\]*)*(?:"|\\?\Z)', re.DOTALL)


class Repeated(dict[str, object]):
    """A JSON object that names a field twice; the last value stands. ``names`` are those repeated."""

    names: frozenset[str]


class Malformed(Struct, frozen=True):
    """Why a text is not accepted as JSON: a sentence."""

    detail: str


def parse(text: bytes) -> object:  # noqa: PLR0911 - each rule returns its own sentence
    """The value of a JSON text, or ``Malformed``.

    Whole numbers of more than 40 digits, which no field takes, become infinite. NaN and Infinity are not
    JSON. A byte order mark and nesting past 64 levels are refused.
    """
    try:
        characters = text.decode()
    except UnicodeDecodeError:
        return Malformed(tell("The value is not UTF-8: send JSON encoded as UTF-8."))
    if characters.startswith("\ufeff"):
        return Malformed(tell("The value starts with a byte order mark: send JSON without one."))
    if is_too_deep(text):
        return Malformed(
            tell(
                "The value is nested deeper than %(most)s levels: send it flatter.", most=MAX_DEPTH
            )
        )
    try:
        value: object = _DECODER.decode(characters)
    except json.JSONDecodeError as error:
        if not characters.strip(" \t\r\n"):
            return Malformed(tell("The value is empty: send a JSON object."))
        return Malformed(
            tell(
                "The value is not JSON: it breaks at line %(line)s, column %(column)s.",
                line=error.lineno,
                column=error.colno,
            )
        )
    except _NotJsonNumberError:
        return Malformed(
            tell("The value is not JSON: it holds NaN or Infinity, which JSON has not.")
        )
    return value


class _NotJsonNumberError(Exception):
    """NaN, Infinity or -Infinity stands where JSON wants a value."""


def _constant(_: str) -> NoReturn:
    raise _NotJsonNumberError


def _whole(digits: str) -> int | float:
    return int(digits) if len(digits) <= _MAX_DIGITS else float("inf")


def _object(pairs: list[tuple[str, object]]) -> dict[str, object]:
    found = dict(pairs)
    if len(found) == len(pairs):
        return found
    repeated = Repeated(found)
    counts = Counter(name for name, _ in pairs)
    repeated.names = frozenset(name for name, count in counts.items() if count > 1)
    return repeated


_DECODER = json.JSONDecoder(
    object_pairs_hook=_object, parse_int=_whole, parse_constant=_constant, strict=True
)


def is_too_deep(text: bytes) -> bool:
    """Whether the brackets of a JSON text are nested past MAX_DEPTH levels."""
    if text.count(b"[") + text.count(b"{") <= MAX_DEPTH:
        return False
    brackets = (_STRING.sub(b"", text) if b'"' in text else text).translate(_BRACKETS, _OTHERS)
    # Each round takes the innermost pairs away: hundred thousands of them beside each other go in one.
    left, before = brackets, 0
    for _ in range(MAX_DEPTH):
        if len(left) == before:
            break
        before = len(left)
        left = left.replace(b"[]", b"")
        if not left:
            return False
    return max(accumulate(map(_STEP.__getitem__, brackets)), default=0) > MAX_DEPTH


_STEP: Final = {ord("["): 1, ord("]"): -1}
_BRACKETS: Final = bytes.maketrans(b"{}", b"[]")
_OTHERS: Final = bytes(set(range(256)) - set(b"[]{}"))
