"""What a purchase consists of: since when it is one, its package, its classes, and which of these are not completed.

Of payments that stand (by ``as_of``, microseconds UTC, when given). Everywhere a package purchase is exactly one of
complete, incomplete and unresolved (contract section 3).
"""

from collections.abc import Callable, Iterable, Mapping, Sequence

from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.marks import Withdrawn, first_standing, stands
from domain.money import (
    Money,
    Price,
    amount_differs,
    money_of,
    price_in_package,
    prices_of_items,
)
from domain.participant import PurchaseRecord


class Contents(Struct, frozen=True, gc=False):
    """What was bought. ``package_code`` None: single classes; ``class_codes`` in the order in which they are named.

    ``unresolved``: a package is not published yet, so not all classes are known.
    """

    purchased_at: int
    package_code: str | None
    class_codes: tuple[str, ...]
    unresolved: bool
    prices: Mapping[str, Price]
    """What each class cost, by class code."""
    unallocated: int
    """What was paid for packages that are not published yet, whole rupiah."""
    amount: int | None
    """What the earliest payment that states an amount says, whole rupiah."""
    amount_differs: bool

    def money(self, is_refunded: Callable[[str], bool]) -> Money:
        """What was paid for the classes, and what of it was refunded."""
        return money_of([(price, is_refunded(code)) for code, price in self.prices.items()])

    def missing(self, completed: Callable[[str], bool]) -> list[str] | None:
        """The classes of a package that were not completed; None: it is no package."""
        if self.package_code is None:
            return None
        return [code for code in self.class_codes if not completed(code)]

    def is_complete(self, missing: Iterable[str] | None) -> bool | None:
        """Whether every class of a package was completed; None: it is no package, or nobody can say."""
        return None if missing is None or self.unresolved else not missing


def contents_of(
    purchase: PurchaseRecord, withdrawn: Withdrawn, catalogue: Catalogue, as_of: int | None = None
) -> Contents | None:
    """What the purchase consists of; None when nothing says that it was paid.

    The package is that of the earliest payment that names one.
    """
    since: int | None = None
    package_code: str | None = None
    prices: dict[str, Price] = {}
    packages: set[str] = set()
    unresolved = differs = False
    unallocated = 0
    amount: int | None = None
    for paid in purchase.paid:
        if not stands(paid, withdrawn, as_of):
            continue
        if since is None:
            since = paid.happened
        if package_code is None:
            package_code = paid.package_code
        if amount is None:
            amount = paid.amount
        if paid.class_codes is not None:
            differs = differs or amount_differs(paid.prices, paid.amount)
            priced = prices_of_items(paid.class_codes, paid.prices, paid.amount)
            for code, price in priced.items():
                prices.setdefault(code, price)
        elif paid.package_code is not None and paid.package_code not in packages:
            packages.add(paid.package_code)
            named = catalogue.composition(paid.package_code, as_of)
            if named is None:
                unresolved = True
                unallocated += paid.amount or 0
            for code in named or ():
                if code not in prices:
                    prices[code] = price_in_package(code, named or (), paid.amount)
    if since is None:
        return None
    return Contents(
        since,
        package_code,
        tuple(prices),
        unresolved,
        prices,
        unallocated,
        amount,
        differs,
    )


def purchased_at(
    purchase: PurchaseRecord, withdrawn: Withdrawn, as_of: int | None = None
) -> int | None:
    """The earliest standing time of a purchase, or None when nothing says it was paid."""
    paid = first_standing(purchase.paid, withdrawn, as_of)
    return None if paid is None else paid.happened


def refunded_at(
    purchase: PurchaseRecord,
    class_code: str | None,
    withdrawn: Withdrawn,
    as_of: int | None = None,
) -> int | None:
    """The earliest refund of one class of the purchase, or of the whole (class code None)."""
    for refund in purchase.refunds:
        of_class = refund.class_codes is None or class_code in refund.class_codes
        if of_class and stands(refund, withdrawn, as_of):
            return refund.happened
    return None


def is_refunded(
    purchase: PurchaseRecord,
    class_codes: Sequence[str],
    withdrawn: Withdrawn,
    as_of: int | None = None,
) -> bool:
    """Whether the whole purchase was given back, at once or each of its classes."""
    if not purchase.refunds:
        return False
    given_back: set[str] = set()
    for refund in purchase.refunds:
        if stands(refund, withdrawn, as_of):
            if refund.class_codes is None:
                return True
            given_back.update(refund.class_codes)
    return bool(class_codes) and given_back.issuperset(class_codes)


def packages_named(purchase: PurchaseRecord) -> set[str]:
    """Every package that says what a payment of the purchase bought, whether the payment stands or not."""
    return {
        paid.package_code
        for paid in purchase.paid
        if paid.class_codes is None and paid.package_code is not None
    }
