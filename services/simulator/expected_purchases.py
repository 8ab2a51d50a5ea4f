"""Part of the oracle: purchases, put together from all that was told of them (contract, section 2).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from collections import Counter, defaultdict
from datetime import datetime
from typing import Any

from xxhash import xxh64_intdigest

from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_intake import Event
from services.simulator.expected_money import Price, differs, prices_of

Purchase = dict[str, Any]
"""`partner`, `purchase_id`, `participant_id`, `at` (the earliest time told), `package_code`,
`amount`, `amount_differs`, `prices` (by class code, with how each is known), `packages` (by class code, that of
the earliest payment that names the class, or None), `class_codes`,
`unresolved`, `unallocated`, `refunded` (when, by class code), `wholly_refunded` (when the whole was,
or None), `flags`."""


def purchases_of(events: list[Event], catalogue: Catalogue) -> list[Purchase]:
    """Every purchase, by partner and purchase id, put together from all that was told of it."""
    told: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    refunds: dict[tuple[str, str, str], list[Event]] = defaultdict(list)
    for event in sorted(events, key=_in_time):
        if event["kind"] in ("purchase.paid", "purchase.refunded"):
            data = event["data"]
            key = event["partner"], data["purchase_id"], data["participant_id"]
            (told if event["kind"] == "purchase.paid" else refunds)[key].append(event)
    payers = Counter((partner, purchase_id) for partner, purchase_id, _ in told)
    return [
        _purchase(key, told[key], refunds.get(key, []), catalogue)
        | {"flags": ["purchase_id_used_twice"] if payers[key[:2]] > 1 else []}
        for key in sorted(told)
    ]


def _in_time(event: Event) -> tuple[datetime, int]:
    """What happened at the same instant stands in the order of a number made of the event's id."""
    return event["at"], xxh64_intdigest(event["id"].encode())


def _purchase(
    key: tuple[str, str, str], told: list[Event], refunds: list[Event], catalogue: Catalogue
) -> Purchase:
    partner, purchase_id, participant_id = key
    prices: dict[str, Price] = {}
    packages: dict[str, str | None] = {}
    unknown: dict[str, int] = {}
    for event in told:
        data = event["data"]
        composition = None
        if not data.get("items"):
            composition = catalogue.composition(partner, data["package_code"])
            if composition is None:
                unknown.setdefault(data["package_code"], data.get("amount") or 0)
        for code, price in prices_of(data, composition).items():
            prices.setdefault(code, price)
            packages.setdefault(code, data.get("package_code"))
    return {
        "partner": partner,
        "purchase_id": purchase_id,
        "participant_id": participant_id,
        "at": told[0]["at"],
        "package_code": _first(told, "package_code"),
        "amount": _first(told, "amount"),
        "prices": prices,
        "packages": packages,
        "amount_differs": any(differs(event["data"]) for event in told),
        "class_codes": list(prices),
        "unresolved": bool(unknown),
        "unallocated": sum(unknown.values()),
        "refunded": _refunded(list(prices), refunds),
        "wholly_refunded": next(
            (each["at"] for each in refunds if each["data"].get("class_codes") is None), None
        ),
    }


def _first(told: list[Event], field: str) -> Any:
    """What the earliest event says that says anything."""
    found = [each["data"][field] for each in told if each["data"].get(field) is not None]
    return found[0] if found else None


def _refunded(class_codes: list[str], refunds: list[Event]) -> dict[str, datetime]:
    """Class code to its earliest refund."""
    when: dict[str, datetime] = {}
    for refund in refunds:
        for code in refund["data"].get("class_codes") or class_codes:
            when.setdefault(code, refund["at"])
    return {code: at for code, at in when.items() if code in class_codes}
