"""What facts leave in an aggregate: marks, each saying what happened, when, and by which event.

A mark never changes. What was withdrawn is kept beside the marks: the key of the withdrawn event to the earliest
time at which it was withdrawn.
"""

from collections.abc import Mapping, Sequence
from typing import TypeVar

from msgspec import Struct
from xxhash import xxh64_intdigest

from domain.events import Number

Withdrawn = Mapping[int, int]
"""Key of a withdrawn event to when it was withdrawn first (microseconds UTC)."""


class Mark(Struct, frozen=True, array_like=True, order=True, gc=False):
    """That something happened: when (microseconds UTC), and the key of the event that said so."""

    happened: int
    key: int


class Attendance(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``minutes`` None: not said."""

    session: int = 0
    minutes: int | None = None


class Progress(Mark, frozen=True, array_like=True, order=True, gc=False):
    percent: Number | None = None
    unit: str | int | None = None


class Result(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``scaled`` 0 to 1, None without a score; ``passed`` is the partner's own verdict, None without."""

    kind: str = ""
    scaled: float | None = None
    passed: bool | None = None


class Certificate(Mark, frozen=True, array_like=True, order=True, gc=False):
    certificate_no: str = ""


class Review(Mark, frozen=True, array_like=True, order=True, gc=False):
    rating: int = 0
    instructor_rating: int | None = None
    facility_rating: int | None = None


class Paid(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``class_codes`` None: the package's composition names the classes. Rupiah are whole.

    ``prices`` are the stated ones, in the order of ``class_codes``; None: none is stated.
    """

    package_code: str | None = None
    class_codes: tuple[str, ...] | None = None
    amount: int | None = None
    prices: tuple[int | None, ...] | None = None


class Refund(Mark, frozen=True, array_like=True, order=True, gc=False):
    """``class_codes`` None: the whole purchase."""

    class_codes: tuple[str, ...] | None = None


key_of_bytes = xxh64_intdigest
"""The 64-bit number that stands for an event id, given in UTF-8, within one partner's evidence."""


def key_of(event_id: str) -> int:
    """The same of an id as text."""
    return key_of_bytes(event_id.encode())


_M = TypeVar("_M", bound=Mark)


def stands(mark: Mark, withdrawn: Withdrawn, as_of: int | None = None) -> bool:
    """Whether a mark counts: it had happened and was not withdrawn (by ``as_of``)."""
    if as_of is None:
        return mark.key not in withdrawn
    if mark.happened > as_of:
        return False
    since = withdrawn.get(mark.key)
    return since is None or since > as_of


def standing(marks: Sequence[_M], withdrawn: Withdrawn, as_of: int | None = None) -> Sequence[_M]:
    """Those of the marks that count, in their order."""
    if as_of is None:
        return [mark for mark in marks if mark.key not in withdrawn] if withdrawn else marks
    return [mark for mark in marks if stands(mark, withdrawn, as_of)]


def first_standing(
    marks: Sequence[_M], withdrawn: Withdrawn, as_of: int | None = None
) -> _M | None:
    """The earliest mark that counts, of marks in order of time."""
    for mark in marks:
        if stands(mark, withdrawn, as_of):
            return mark
    return None


def ever_first(marks: Sequence[_M], withdrawn: Withdrawn) -> Sequence[_M]:
    """Those of the marks, in order of time, that are the earliest standing one at some time or other.

    These are all up to the first that is not withdrawn: no later one can ever be the earliest.
    """
    if not marks or marks[0].key not in withdrawn:
        return marks[:1]
    for index, mark in enumerate(marks):
        if mark.key not in withdrawn:
            return marks[: index + 1]
    return marks
