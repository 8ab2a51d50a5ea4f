"""Part of the oracle: purchases answered class by class, and the packages among them (section 3).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from datetime import datetime
from typing import Any

from services.simulator.expected_catalogue import Catalogue
from services.simulator.expected_classes import Judged
from services.simulator.expected_money import money
from services.simulator.expected_purchases import Purchase
from services.simulator.expected_time import utc

ByClass = dict[tuple[str, str, str], Judged]
"""The answers by partner, participant id and class code."""


def answered_purchase(purchase: Purchase, answers: ByClass) -> dict[str, Any]:
    """One purchase, class by class."""
    return {
        "partner": purchase["partner"],
        "purchase_id": purchase["purchase_id"],
        "participant_id": purchase["participant_id"],
        "purchased_at": utc(purchase["at"]),
        "package_code": purchase["package_code"],
        "amount": purchase["amount"],
        "amount_differs": purchase["amount_differs"],
        "money": money_of(purchase),
        "unresolved": purchase["unresolved"],
        "refunded_at": utc(purchase["wholly_refunded"]),
        "flags": purchase["flags"],
        "classes": [
            {
                "price": price,
                "price_is": price_is,
                "refunded_at": utc(purchase["refunded"].get(class_code)),
                **answers[purchase["partner"], purchase["participant_id"], class_code],
            }
            for class_code, (price, price_is) in purchase["prices"].items()
        ],
    }


def money_of(purchase: Purchase) -> dict[str, Any]:
    """What was paid for the classes of one purchase, and beside them."""
    priced = [
        (price, class_code in purchase["refunded"])
        for class_code, price in purchase["prices"].items()
    ]
    return {**money(priced), "unallocated": purchase["unallocated"]}


def answered_package(
    purchase: Purchase, answers: ByClass, catalogue: Catalogue, sales_end: datetime
) -> dict[str, Any]:
    """One package sold: which classes it has, and which of them are not completed.

    An unresolved one has no classes that anybody knows: it is neither complete nor incomplete.
    """
    who = purchase["partner"], purchase["participant_id"]
    missing = [
        class_code
        for class_code in purchase["class_codes"]
        if answers[*who, class_code]["completion"]["state"] != "completed"
    ]
    return {
        "partner": purchase["partner"],
        "purchase_id": purchase["purchase_id"],
        "participant_id": purchase["participant_id"],
        "package_code": purchase["package_code"],
        "title": catalogue.package_title(purchase["partner"], purchase["package_code"]),
        "purchased_at": utc(purchase["at"]),
        "after_sales_end": purchase["at"] >= sales_end,
        "unresolved": purchase["unresolved"],
        "class_codes": purchase["class_codes"],
        "money": money_of(purchase),
        "missing": missing,
        "complete": None if purchase["unresolved"] else not missing,
        "flags": purchase["flags"],
    }
