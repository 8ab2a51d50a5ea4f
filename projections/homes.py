"""Where a purchase lives: the rows that hold a copy of it, by what the catalogue says now."""

from collections.abc import Sequence

from domain.catalogue import State as Catalogue
from domain.participant import Paid, PurchaseRecord
from projections.evidence import REMAINDER

_UNKNOWN = (REMAINDER,)


def homes_of(purchase: PurchaseRecord, catalogue: Catalogue) -> set[str]:
    """The class codes of the rows that hold a copy of the purchase.

    Its classes, and the remainder row while a package is unknown or no class is named.
    """
    homes = {code for paid in purchase.paid for code in _named(paid, catalogue)}
    return homes or {REMAINDER}


def lives_in(purchase: PurchaseRecord, class_code: str, catalogue: Catalogue) -> bool:
    """Whether ``class_code`` is among `homes_of` the purchase."""
    elsewhere = False
    for paid in purchase.paid:
        named = _named(paid, catalogue)
        if class_code in named:
            return True
        elsewhere = elsewhere or bool(named)
    return class_code == REMAINDER and not elsewhere


def _named(paid: Paid, catalogue: Catalogue) -> Sequence[str]:
    if paid.class_codes is not None:
        return paid.class_codes
    if paid.package_code is None:
        return ()
    return catalogue.composition(paid.package_code) or _UNKNOWN
