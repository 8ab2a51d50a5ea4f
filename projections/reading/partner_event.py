"""Stored facts in the words in which partners sent them: CloudEvents type and data (contract section 2)."""

from typing import Any

from domain.events import ClassAssessed, Fact, PurchasePaid
from domain.vocabulary import TYPE_PREFIX


def type_of(fact: Fact) -> str:
    """The CloudEvents type."""
    return TYPE_PREFIX + fact.name


def data_of(fact: Fact, participant_id: str) -> dict[str, Any]:
    """The event's data, without fields that were not sent."""
    data: dict[str, Any] = {"participant_id": participant_id}
    for name in fact.__struct_fields__:
        value = getattr(fact, name)
        if value is not None:
            data[name] = value
    if isinstance(fact, PurchasePaid) and fact.items is not None:
        data["items"] = [
            {"class_code": code} if price is None else {"class_code": code, "price": price}
            for code, price in fact.items
        ]
    if isinstance(fact, ClassAssessed):
        raw, minimum, maximum = data.pop("raw", None), data.pop("minimum"), data.pop("maximum")
        if raw is not None:
            data["score"] = {"raw": raw, "min": minimum, "max": maximum}
    return data
