"""From the ``data`` of an event to the stored fact and the stream it belongs to.

A builder returns what it made of ``data``, or a sentence where fields contradict each other.
"""

from collections.abc import Callable
from operator import attrgetter
from typing import Any

from domain.events import (
    CLASS_STREAM,
    PACKAGE_STREAM,
    PARTICIPANT_STREAM,
    ClassAssessed,
    ClassProgressed,
    ClassPublished,
    Fact,
    Number,
    PackagePublished,
    PurchasePaid,
    PurchaseRefunded,
)
from domain.vocabulary import DEFAULT_MASTERY_SCORE, DEFAULT_MOVE_ON
from services.cloudevents import wire
from services.cloudevents.wire import DEFAULT_MAXIMUM, DEFAULT_MINIMUM

Built = tuple[str, Fact, int]
"""The stream, the fact, and how many JSON strings (field names and text values) its ``data`` is written
with when every field is named once, known and not null. The decoder compares that with the quotes it sees.
"""


def as_told(fact: type[Fact]) -> Callable[[Any], Built]:
    """The builder of a fact about a participant whose fields are those of the event's ``data``, by the same names."""
    told = attrgetter(*fact.__struct_fields__)

    def build(data: Any) -> Built:
        values = told(data)
        strings = 2
        for value in values:
            if value is not None:
                strings += 2 if type(value) is str else 1
        return PARTICIPANT_STREAM + data.participant_id, fact(*values), strings

    return build


def class_published(data: wire.ClassPublishedData) -> Built:
    """The class as published, with the defaults of contract section 2 where the partner leaves them out."""
    strings = 6
    if data.units is not None:
        strings += 1
    move_on = data.move_on
    if move_on is None:
        move_on = DEFAULT_MOVE_ON
    else:
        strings += 2
    mastery_score = data.mastery_score
    if mastery_score is None:
        mastery_score = DEFAULT_MASTERY_SCORE
    else:
        strings += 1
    fact = ClassPublished(
        data.class_code,
        data.title,
        data.institution,
        data.units,
        move_on,
        mastery_score + 0.0,
    )
    return CLASS_STREAM + data.class_code, fact, strings


def package_published(data: wire.PackagePublishedData) -> Built:
    """The package with each of its classes once, in the order given."""
    codes = data.class_codes
    fact = PackagePublished(data.package_code, data.title, _each_once(codes))
    return PACKAGE_STREAM + data.package_code, fact, 5 + len(codes)


def purchase_paid(data: wire.PurchasePaidData) -> Built | str:
    """The purchase with each listed class once (the first price stands), or what names no class."""
    strings = 4
    if data.package_code is not None:
        strings += 2
    if data.amount is not None:
        strings += 1
    items: tuple[tuple[str, int | None], ...] | None = None
    if data.items is not None:
        strings += 1
        listed: dict[str, int | None] = {}
        for item in data.items:
            strings += 2 if item.price is None else 3
            listed.setdefault(item.class_code, item.price)
        items = tuple(listed.items())
    elif data.package_code is None:
        return "`data.items` is missing: list the classes of the purchase, or give `data.package_code`."
    fact = PurchasePaid(data.purchase_id, data.package_code, items, data.amount)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


def purchase_refunded(data: wire.PurchaseRefundedData) -> Built:
    """The refund of the whole purchase, or of each listed class once."""
    strings = 4
    codes = data.class_codes
    if codes is not None:
        strings += 1 + len(codes)
        codes = _each_once(codes)
    if data.reason is not None:
        strings += 2
    fact = PurchaseRefunded(data.purchase_id, codes, data.reason)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


def class_progressed(data: wire.ClassProgressedData) -> Built | str:
    """The progress, or which of percent and unit is wanted."""
    strings = 4 if data.purchase_id is None else 6
    percent: Number | None = data.percent
    if percent is not None:
        strings += 1
        percent = _number(percent)
    unit = data.unit
    if unit is None:
        if percent is None:
            return "`data.percent` is missing: give it, or `data.unit` for a lesson that is done."
    elif isinstance(unit, str):
        strings += 2
    else:
        strings += 1
    fact = ClassProgressed(data.class_code, percent, unit, data.purchase_id)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


def class_assessed(data: wire.ClassAssessedData) -> Built | str:
    """The result with its score, or how the score leaves its bounds."""
    strings = 6 if data.purchase_id is None else 8
    if data.passed is not None:
        strings += 1
    if data.attempt is not None:
        strings += 1
    raw: Number | None = None
    minimum: Number = DEFAULT_MINIMUM
    maximum: Number = DEFAULT_MAXIMUM
    score = data.score
    if score is not None:
        strings += 2
        raw = _number(score.raw)
        if score.min is not None:
            strings += 1
            minimum = _number(score.min)
        if score.max is not None:
            strings += 1
            maximum = _number(score.max)
        if minimum >= maximum:
            return "`data.score.min` must be below `data.score.max` (0 and 100 where not given)."
        if not minimum <= raw <= maximum:
            return (
                "`data.score.raw` must lie from `data.score.min` to `data.score.max`"
                " (0 and 100 where not given)."
            )
    fact = ClassAssessed(
        data.class_code,
        data.kind,
        raw,
        minimum,
        maximum,
        data.passed,
        data.attempt,
        data.purchase_id,
    )
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


def _number(value: float) -> Number:
    """The number as facts hold it: an int where it is whole (0 for -0.0)."""
    whole = int(value)
    return whole if whole == value else value


def _each_once(codes: tuple[str, ...]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(codes))
