"""What a purchase consists of: since when it is one, its package, its classes, and which of these are not completed.

Of payments that stand (by ``as_of``, microseconds UTC, when given). Everywhere a package purchase is exactly one of
complete, incomplete and unresolved (contract section 3).
"""

from collections.abc import Callable, Iterable

from msgspec import Struct

from domain.catalogue import State as Catalogue
from domain.marks import Withdrawn, first_standing, stands
from domain.participant import PurchaseRecord


class Contents(Struct, frozen=True, gc=False):
    """What was bought. ``package_code`` None: single classes; ``class_codes`` in the order in which they are named.

    ``unresolved``: a package is not published yet, so not all classes are known.
    """

    purchased_at: int
    package_code: str | None
    class_codes: tuple[str, ...]
    unresolved: bool

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
    codes: dict[str, None] = {}
    packages: set[str] = set()
    unresolved = False
    for paid in purchase.paid:
        if not stands(paid, withdrawn, as_of):
            continue
        if since is None:
            since = paid.happened
        if package_code is None:
            package_code = paid.package_code
        named = paid.class_codes
        if named is None and paid.package_code is not None and paid.package_code not in packages:
            packages.add(paid.package_code)
            named = catalogue.composition(paid.package_code, as_of)
            unresolved = unresolved or named is None
        codes.update(dict.fromkeys(named or ()))
    if since is None:
        return None
    return Contents(since, package_code, tuple(codes), unresolved)


def purchased_at(
    purchase: PurchaseRecord, withdrawn: Withdrawn, as_of: int | None = None
) -> int | None:
    """The earliest standing time of a purchase, or None when nothing says it was paid."""
    paid = first_standing(purchase.paid, withdrawn, as_of)
    return None if paid is None else paid.happened


def packages_named(purchase: PurchaseRecord) -> set[str]:
    """Every package that says what a payment of the purchase bought, whether the payment stands or not."""
    return {
        paid.package_code
        for paid in purchase.paid
        if paid.class_codes is None and paid.package_code is not None
    }
