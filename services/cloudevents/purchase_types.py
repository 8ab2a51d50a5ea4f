"""The types about purchases: shapes of ``data``, what makes facts of them, examples."""

from typing import Annotated, Final

from msgspec import Meta, Struct

from domain.events import PARTICIPANT_STREAM, PurchasePaid, PurchaseRefunded
from domain.telling import tell
from domain.vocabulary import MAX_CLASSES
from services.cloudevents.event_type import Built, EventType, Example, each_once
from services.cloudevents.wire import MAX_PAID, ClassCodes, Comment, Data, Identifier, Paid


class Item(Struct, frozen=True, kw_only=True, gc=False, omit_defaults=True):
    """One class of a purchase, with its price."""

    class_code: Identifier
    price: Paid | None = None


Items = Annotated[
    tuple[Annotated[Item, Meta(description=tell("an object with class_code"))], ...],
    Meta(
        min_length=1,
        max_length=MAX_CLASSES,
        description=tell("a list of 1 to 200 objects with class_code"),
    ),
]


class PurchasePaidData(Data, frozen=True, kw_only=True):
    """One paid order.

    Without ``items`` a ``package_code`` is required, and the package names the classes; it may arrive later. The
    same ``purchase_id`` under a new ``id`` adds classes that are not listed yet, so that a purchase of more than
    200 classes can be sent; the earliest ``time`` stands. For another participant it is accepted as that person's
    own purchase, and both are flagged: ``purchase_id_used_twice``. A class that is listed twice counts once, with
    its first price. The prices of one payment are 100,000,000,000 rupiah together at most, as ``amount`` is.
    """

    purchase_id: Annotated[Identifier, Meta(title="unique among your purchases")]
    participant_id: Annotated[Identifier, Meta(title="the programme's pseudonym of the person")]
    package_code: Identifier | None = None
    items: Items | None = None
    amount: Paid | None = None


def purchase_paid(data: PurchasePaidData) -> Built | str:
    """The purchase with each listed class once (the first price stands), or what is wrong with its items."""
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
        if sum(price for price in listed.values() if price is not None) > MAX_PAID:
            return tell(
                "`data.items` cost more than 100,000,000,000 rupiah together: no purchase does."
            )
        items = tuple(listed.items())
    elif data.package_code is None:
        return tell(
            "`data.items` is missing: list the classes of the purchase, or give `data.package_code`."
        )
    fact = PurchasePaid(data.purchase_id, data.package_code, items, data.amount)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


class PurchaseRefundedData(Data, frozen=True, kw_only=True):
    """The purchase, or some of its classes, was paid back. Without ``class_codes`` it is the whole purchase."""

    purchase_id: Identifier
    participant_id: Identifier
    class_codes: ClassCodes | None = None
    reason: Comment | None = None


def purchase_refunded(data: PurchaseRefundedData) -> Built:
    """The refund of the whole purchase, or of each listed class once."""
    strings = 4
    codes = data.class_codes
    if codes is not None:
        strings += 1 + len(codes)
        codes = each_once(codes)
    if data.reason is not None:
        strings += 2
    fact = PurchaseRefunded(data.purchase_id, codes, data.reason)
    return PARTICIPANT_STREAM + data.participant_id, fact, strings


PURCHASE_TYPES: Final = (
    EventType(
        PurchasePaid,
        PurchasePaidData,
        purchase_paid,
        Example(
            "pm-2020-000040",
            "2020-06-29T19:40:12+07:00",
            {
                "purchase_id": "INV-0001",
                "participant_id": "PRK-000000042",
                "items": [{"class_code": "C-0107", "price": 350000}],
                "amount": 350000,
            },
        ),
    ),
    EventType(
        PurchaseRefunded,
        PurchaseRefundedData,
        purchase_refunded,
        Example(
            "pm-2020-000050",
            "2020-07-02T10:00:00+07:00",
            {
                "purchase_id": "INV-0001",
                "participant_id": "PRK-000000042",
                "class_codes": ["C-0107"],
                "reason": "the class was cancelled",
            },
        ),
    ),
)
"""In the order in which the guide tells of them."""
