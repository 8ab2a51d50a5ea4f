"""What concerns one class of a participant: its own marks, and of each purchase only what has a say in the class.

From this alone the class is judged, now or as of any time. It grows with what was reported about the class, never with
what else was bought beside it.
"""

from collections.abc import Iterable, Sequence

from msgspec import Struct, field

from domain.catalogue import State as Catalogue
from domain.marks import Mark, Paid, Refund, ever_first
from domain.money import UNPRICED, Price, prices_of_items
from domain.participant import ClassRecord, PurchaseRecord, State

MOST_WITHDRAWN = 64
"""So many payments of a purchase may have been withdrawn before its first that stands, for all to be looked at."""

FEW_PACKAGES = 4
"""So many packages of a participant are looked through for each class; of more, each class is noted."""


class PaidFor(Mark, frozen=True, array_like=True, order=True, gc=False):
    """A payment as one class sees it. ``names`` None: the package's composition says whether it names the class.

    ``rupiah`` is what the class cost, and ``price_is`` how that is known (domain/money.py); where the composition has
    the say, it is the amount that the package's classes share. None: nothing is known.
    """

    package_code: str | None = None
    names: bool | None = None
    rupiah: int | None = None
    price_is: int = UNPRICED


class Bought(Struct, frozen=True, array_like=True):
    """A purchase as far as it concerns the class: payments and refunds in order of time, those that ever count."""

    purchase_id: str
    paid: Sequence[PaidFor]
    refunds: Sequence[Mark]


class ClassEvidence(Struct, array_like=True):
    """Everything about one class. ``withdrawn`` is of its own marks only, see domain/marks.py."""

    record: ClassRecord | None = None
    purchases: list[Bought] = field(default_factory=list)
    withdrawn: dict[int, int] = field(default_factory=dict)


class Slices:
    """Looks at a participant's state class by class. The state and the catalogue must not change meanwhile."""

    def __init__(self, state: State, catalogue: Catalogue, *, whole: bool = False) -> None:
        """``whole``: for answers as of a time as well; else of very many payments those that matter now suffice."""
        self._state = state
        self._whole = whole
        self._catalogue = catalogue
        self._since: dict[str, Sequence[Paid]] = {}
        self._refunds: dict[str, tuple[list[Refund], dict[str, list[Refund]]]] = {}
        self._packages_with: dict[str, list[str]] | None = None
        self._prices: dict[int, dict[str, Price]] = {}

    def of(self, class_code: str) -> ClassEvidence:
        """The evidence of a class."""
        state = self._state
        record = state.classes.get(class_code)
        named = state.naming.get(class_code)
        packages = self._packages(class_code) if state.bundles else ()
        if not named and not packages:
            return self._finished(ClassEvidence(record))
        if not packages and named is not None and len(named) == 1:
            (payment, purchase_id) = named[0]
            by_purchase = {purchase_id: [payment]}
        else:
            by_purchase = {}
            for entries in (named or (), *[state.bundles[code] for code in packages]):
                for payment, purchase_id in entries:
                    by_purchase.setdefault(purchase_id, []).append(payment)
        purchases = [
            self._bought(state.purchases[purchase_id], by_purchase[purchase_id], class_code)
            for purchase_id in sorted(by_purchase)
        ]
        return self._finished(ClassEvidence(record, purchases))

    def package_purchases(self, class_code: str) -> set[str]:
        """The purchases that name the class and are, or may be, of a package."""
        state = self._state
        named = {purchase_id for _, purchase_id in state.naming.get(class_code, ())}
        found = {purchase_id for purchase_id in named if self._is_of_package(purchase_id)}
        for package_code in self._packages(class_code):
            found.update(purchase_id for _, purchase_id in state.bundles[package_code])
        return found

    def _is_of_package(self, purchase_id: str) -> bool:
        paid = self._state.purchases[purchase_id].paid
        return any(payment.package_code is not None for payment in paid)

    def _packages(self, class_code: str) -> Sequence[str]:
        """The packages paid for that have, or have had, the class."""
        bundles, catalogue = self._state.bundles, self._catalogue
        if len(bundles) <= FEW_PACKAGES:
            return [code for code in bundles if class_code in catalogue.ever_in(code)]
        if self._packages_with is None:
            self._packages_with = {}
            for package_code in bundles:
                for code in catalogue.ever_in(package_code):
                    self._packages_with.setdefault(code, []).append(package_code)
        return self._packages_with.get(class_code, ())

    def _bought(self, purchase: PurchaseRecord, naming: list[Paid], class_code: str) -> Bought:
        refunds = self._refunds_of(purchase, class_code) if purchase.refunds else ()
        if len(purchase.paid) == 1:
            paid: list[PaidFor] = [self._paid_for(naming[0], class_code)]
            return Bought(purchase.purchase_id, paid, refunds)
        marks = {payment.key: _paid_for_others(payment) for payment in self._since_of(purchase)}
        for payment in _ever_naming(naming, self._state.withdrawn):
            marks[payment.key] = self._paid_for(payment, class_code)
        return Bought(purchase.purchase_id, sorted(marks.values()), refunds)

    def _paid_for(self, payment: Paid, class_code: str) -> PaidFor:
        """A payment that names the class, or whose package may."""
        if payment.class_codes is None:
            return _paid_for_others(payment)
        prices = self._prices.get(payment.key)
        if prices is None:
            prices = prices_of_items(payment.class_codes, payment.prices, payment.amount)
            self._prices[payment.key] = prices
        price = prices[class_code]
        return PaidFor(
            payment.happened,
            payment.key,
            payment.package_code,
            True,
            None if price.price_is == UNPRICED else price.rupiah,
            price.price_is,
        )

    def _since_of(self, purchase: PurchaseRecord) -> Sequence[Paid]:
        """The payments that say since when it is a purchase."""
        found = self._since.get(purchase.purchase_id)
        if found is None:
            since = ever_first(purchase.paid, self._state.withdrawn)
            whole = self._whole or len(since) <= MOST_WITHDRAWN
            found = self._since[purchase.purchase_id] = since if whole else since[-1:]
        return found

    def _refunds_of(self, purchase: PurchaseRecord, class_code: str) -> list[Mark]:
        """The refunds of the class, alone or with the whole purchase."""
        found = self._refunds.get(purchase.purchase_id)
        if found is None:
            of_all: list[Refund] = []
            by_class: dict[str, list[Refund]] = {}
            for refund in purchase.refunds:
                if refund.class_codes is None:
                    of_all.append(refund)
                for code in refund.class_codes or ():
                    by_class.setdefault(code, []).append(refund)
            of_all = list(ever_first(of_all, self._state.withdrawn))
            found = self._refunds[purchase.purchase_id] = (of_all, by_class)
        of_all, by_class = found
        of_class = by_class.get(class_code)
        refunds = of_all if of_class is None else sorted([*of_all, *of_class])
        return [
            Mark(refund.happened, refund.key)
            for refund in ever_first(refunds, self._state.withdrawn)
        ]

    def _finished(self, evidence: ClassEvidence) -> ClassEvidence:
        withdrawn = self._state.withdrawn
        if withdrawn:
            evidence.withdrawn = {
                key: withdrawn[key] for key in _keys(evidence) if key in withdrawn
            }
        return evidence


def classes_named(purchase: PurchaseRecord, catalogue: Catalogue) -> set[str]:
    """Every class that a payment of the purchase names, or its package has, or has had as of some time."""
    codes: set[str] = set()
    for payment in purchase.paid:
        if payment.class_codes is not None:
            codes.update(payment.class_codes)
        elif payment.package_code is not None:
            codes.update(catalogue.ever_in(payment.package_code))
    return codes


def _paid_for_others(payment: Paid) -> PaidFor:
    """A payment that does not name the class by its items."""
    by_package = payment.class_codes is None and payment.package_code is not None
    return PaidFor(
        payment.happened,
        payment.key,
        payment.package_code,
        None if by_package else False,
        payment.amount if by_package else None,
    )


def _ever_naming(naming: list[Paid], withdrawn: dict[int, int]) -> Iterable[Paid]:
    """Those of the payments that may name the class which, at some time, are the earliest that does.

    Behind one that stands, another by items never is, nor another by the same package.
    """
    naming.sort()
    packages: set[str | None] = set()
    for payment in naming:
        if payment.class_codes is None and payment.package_code in packages:
            continue
        yield payment
        if payment.key not in withdrawn:
            if payment.class_codes is not None:
                return
            packages.add(payment.package_code)


def _keys(evidence: ClassEvidence) -> Iterable[int]:
    if evidence.record is not None:
        for marks in evidence.record.lists():
            for mark in marks:
                yield mark.key
    for bought in evidence.purchases:
        for payment in bought.paid:
            yield payment.key
        for refund in bought.refunds:
            yield refund.key
