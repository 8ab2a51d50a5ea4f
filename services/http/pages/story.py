"""What a participant's classes tell, in order of time: from the answer about each, so as it stands now or then."""

from collections.abc import Iterable, Mapping
from typing import Any

from services.language.instants import instant

Told = dict[str, Any]


def story(items: Iterable[Mapping[str, Any]]) -> list[Told]:
    """Each purchase, refund, completion, assessing result, certificate and review of some classes, by its time.

    Of each: ``at``, its ``kind``, the class as ``of``, and the purchase or what else it is about as ``what``.
    """
    found = [told for item in items for told in _of_class(item)]
    return sorted(found, key=lambda told: instant(told["at"]))


def _of_class(item: Mapping[str, Any]) -> Iterable[Told]:
    for purchase in item["purchases"]:
        yield _told("purchased", purchase["purchased_at"], item, purchase)
        if purchase["refunded_at"]:
            yield _told("refunded", purchase["refunded_at"], item, purchase)
    attendance = item.get("attendance")
    if attendance and attendance["first_at"]:
        yield _told("attended", attendance["first_at"], item, attendance)
    if item["completion"]["state"] == "completed":
        yield _told("completed", item["completion"]["at"], item, item["completion"])
    if item["assessment"]["at"]:
        yield _told(item["assessment"]["state"], item["assessment"]["at"], item, item["assessment"])
    for kind in ("certificate", "review"):
        if item[kind]:
            yield _told(kind, item[kind]["at"], item, item[kind])


def _told(kind: str, at: str, item: Mapping[str, Any], what: Mapping[str, Any]) -> Told:
    return {"kind": kind, "at": at, "of": item, "what": what}
