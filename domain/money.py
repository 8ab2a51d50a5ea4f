"""What was paid for each class, in whole rupiah (contract section 3a). Pure arithmetic; every sum is exact.

A payment prices the classes that it names: by the price that its item states, or by a share of what is left of its
amount.
"""

from collections.abc import Iterable, Sequence
from functools import lru_cache
from typing import Final, Literal

from msgspec import Struct

PriceIs = Literal["stated", "allocated", "unpriced"]

PRICE_IS: Final[tuple[PriceIs, ...]] = ("stated", "allocated", "unpriced")
"""How a price is known, the weakest last."""

STATED, ALLOCATED, UNPRICED = range(len(PRICE_IS))


class Price(Struct, frozen=True, gc=False):
    """What a class cost in a payment. ``price_is`` indexes PRICE_IS; an unpriced one has 0 rupiah."""

    rupiah: int
    price_is: int


NO_PRICE: Final = Price(0, UNPRICED)


class Money(Struct, frozen=True, array_like=True, gc=False):
    """What was paid for a class over its purchases, and what of it was refunded.

    ``price_is`` is the weakest over the purchases, None where there are none; ``allocated`` is the part of ``paid``
    that is a share of an amount.
    """

    paid: int = 0
    refunded: int = 0
    allocated: int = 0
    price_is: int | None = None

    @property
    def net(self) -> int:
        """What was paid and not refunded."""
        return self.paid - self.refunded


NO_MONEY: Final = Money()


def share(class_code: str, sharing: tuple[str, ...], rest: int) -> int:
    """What one of the classes that share ``rest`` rupiah evenly gets.

    What does not divide goes one rupiah each to the first in order of class code. ``sharing`` has each class once, in
    any order, and ``class_code`` among them.
    """
    each, left = divmod(rest, len(sharing))
    return each + (left > 0 and _ranks(sharing)[class_code] < left)


@lru_cache(maxsize=4_096)
def _ranks(class_codes: tuple[str, ...]) -> dict[str, int]:
    return {code: rank for rank, code in enumerate(sorted(class_codes))}


def prices_of_items(
    class_codes: Sequence[str], stated: Sequence[int | None] | None, amount: int | None
) -> dict[str, Price]:
    """What each class of a payment's items cost.

    ``stated``: the price of each class, None where its item states none; None: no item does. Those without one share
    what is left of ``amount`` after the stated prices, which is nothing where these are more.
    """
    if len(class_codes) == 1:  # nearly every purchase
        price = None if stated is None else stated[0]
        if price is not None:
            return {class_codes[0]: Price(price, STATED)}
        return {class_codes[0]: NO_PRICE if amount is None else Price(amount, ALLOCATED)}
    given = dict(zip(class_codes, stated or [None] * len(class_codes), strict=True))
    sharing = tuple(code for code, price in given.items() if price is None)
    rest = 0 if amount is None else max(amount - _sum(given.values()), 0)
    return {
        code: Price(price, STATED)
        if price is not None
        else NO_PRICE
        if amount is None
        else Price(share(code, sharing, rest), ALLOCATED)
        for code, price in given.items()
    }


def price_in_package(class_code: str, composition: tuple[str, ...], amount: int | None) -> Price:
    """What a class of a package cost that was paid for as a whole: an even share of ``amount``."""
    if amount is None:
        return NO_PRICE
    return Price(share(class_code, composition, amount), ALLOCATED)


def amount_differs(stated: Sequence[int | None] | None, amount: int | None) -> bool:
    """Whether every item of a payment states a price, and their sum is not its amount."""
    if amount is None or stated is None or None in stated:
        return False
    return _sum(stated) != amount


def money_of(prices: Iterable[tuple[Price, bool]]) -> Money:
    """What was paid for classes: of each purchase of each the price, and whether it was refunded."""
    paid = refunded = allocated = 0
    weakest: int | None = None
    for price, is_refunded in prices:
        paid += price.rupiah
        if is_refunded:
            refunded += price.rupiah
        if price.price_is == ALLOCATED:
            allocated += price.rupiah
        weakest = price.price_is if weakest is None else max(weakest, price.price_is)
    return NO_MONEY if weakest is None else Money(paid, refunded, allocated, weakest)


def _sum(prices: Iterable[int | None]) -> int:
    return sum([price for price in prices if price is not None])
