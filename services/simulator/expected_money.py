"""Part of the oracle: what was paid for each class, in rupiah (contract, section 3a).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from collections.abc import Callable, Iterable
from typing import Any, Final

WEAKEST_LAST: Final = ("stated", "allocated", "unpriced")

Price = tuple[int | None, str]
"""Whole rupiah, None where nobody knows, and how it is known."""


def prices_of(payment: dict[str, Any], composition: list[str] | None) -> dict[str, Price]:
    """What a payment (the `data` of a purchase.paid) says that each class it names cost.

    `composition` has the classes of its package; None: the package is not known.
    """
    stated: dict[str, int | None] = {}
    for item in payment.get("items") or [{"class_code": code} for code in composition or []]:
        stated.setdefault(item["class_code"], item.get("price"))
    amount = payment.get("amount")
    sharing = sorted(code for code, price in stated.items() if price is None)
    shares: dict[str, Price] = dict.fromkeys(sharing, (None, "unpriced"))
    if amount is not None and sharing:
        left = max(0, amount - sum(price for price in stated.values() if price is not None))
        whole = left // len(sharing)
        over = left - whole * len(sharing)
        for place, code in enumerate(sharing):
            shares[code] = (whole + (1 if place < over else 0), "allocated")
    return {
        code: shares[code] if price is None else (price, "stated") for code, price in stated.items()
    }


def differs(payment: dict[str, Any]) -> bool:
    """Whether every item of a payment states a price, and their sum is not the amount."""
    stated: dict[str, int | None] = {}
    for item in payment.get("items") or []:
        stated.setdefault(item["class_code"], item.get("price"))
    prices = [price for price in stated.values() if price is not None]
    if payment.get("amount") is None or not stated or len(prices) < len(stated):
        return False
    return bool(sum(prices) != payment["amount"])


def money(priced: Iterable[tuple[Price, bool]]) -> dict[str, Any]:
    """Some prices together; beside each, whether it was given back."""
    known = list(priced)
    paid = sum(price or 0 for (price, _), _ in known)
    refunded = sum(price or 0 for (price, _), given_back in known if given_back)
    kinds = [kind for (_, kind), _ in known]
    return {
        "paid": paid,
        "refunded": refunded,
        "net": paid - refunded,
        "price_is": max(kinds, key=WEAKEST_LAST.index) if kinds else None,
    }


def evaluated(bought: list[dict[str, Any]], unallocated: int = 0) -> dict[str, Any]:
    """The money of some purchased classes. `allocated` of each says which part of its `paid` is a share."""

    def net(of: Callable[[dict[str, Any]], bool]) -> int:
        return sum(each["money"]["net"] for each in bought if of(each))

    return {
        "paid": sum(each["money"]["paid"] for each in bought),
        "refunded": sum(each["money"]["refunded"] for each in bought),
        "net": net(lambda _: True),
        "net_by_completion": {
            state: net(lambda each, state=state: each["completion"]["state"] == state)  # type: ignore[misc]
            for state in ("completed", "in_progress", "never_reported")
        },
        "net_by_assessment": {
            state: net(lambda each, state=state: each["assessment"]["state"] == state)  # type: ignore[misc]
            for state in ("passed", "failed", "assessed", "not_assessed")
        },
        "net_satisfied": net(lambda each: each["satisfied"]),
        "net_not_satisfied": net(lambda each: not each["satisfied"]),
        "net_attended": net(lambda each: each["attendance"]["sessions"] >= 1),
        "net_not_attended": net(lambda each: each["attendance"]["sessions"] == 0),
        "allocated": sum(each["allocated"] for each in bought),
        "unallocated": unallocated,
        "unpriced": sum(each["money"]["price_is"] == "unpriced" for each in bought),
    }
