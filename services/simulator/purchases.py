"""What participants buy: single classes and packages, before and after package sales ended.

The programme gives each of them one budget, so nobody buys what is not left of it.
"""

from collections.abc import Sequence
from typing import Final

import msgspec

from services.simulator.catalogue import Package, Shop, TrainingClass
from services.simulator.chance import Chance
from services.simulator.instants import DAY, PACKAGE_SALES_END, SECOND
from services.simulator.reports import Purchase, Reports

PACKAGE_SHARE_BEFORE: Final = 0.4
PACKAGE_SHARE_AFTER: Final = 0.04
"""Packages were sold after the decision, too; that they show is what the flag is for."""


class Bought(msgspec.Struct, frozen=True):
    """One purchase, the classes it is really of, and what each of them cost."""

    purchase: Purchase
    classes: tuple[TrainingClass, ...]
    prices: tuple[int, ...]
    package_code: str | None = None

    @property
    def cost(self) -> int:
        return sum(self.prices)


def buy(reports: Reports, shop: Shop, paid_at: int, number: int, budget: int) -> Bought | None:
    """One purchase within the budget, reported; None when nothing in the shop is cheap enough."""
    chance = reports.chance
    classes_offered = [each for each in shop.classes if each.price <= budget]
    packages_offered = [each for each in shop.packages if each.price <= budget]
    if not classes_offered:
        return None
    purchase_id = f"INV-{reports.participant_id[4:]}-{number}"
    share = PACKAGE_SHARE_BEFORE if paid_at < PACKAGE_SALES_END else PACKAGE_SHARE_AFTER
    rush = abs(paid_at - PACKAGE_SALES_END) < 3 * DAY and chance.happens(0.3)
    if packages_offered and (rush or chance.happens(share)):
        if rush:
            paid_at = _crowd_at_the_end(chance, paid_at)
        package = chance.popular(packages_offered)
        classes, prices, package_code = package.classes, package.prices, package.package_code
        paid_at = _buy_package(reports, package, purchase_id, paid_at)
    else:
        classes = tuple(_basket(chance, classes_offered, budget))
        prices, package_code = tuple(each.price for each in classes), None
        paid_at = _buy_classes(reports, classes, purchase_id, paid_at)
    purchase = Purchase(purchase_id, paid_at, tuple(each.class_code for each in classes))
    reports.remember(purchase)
    return Bought(purchase, classes, prices, package_code)


def _crowd_at_the_end(chance: Chance, paid_at: int) -> int:
    """The last second of package sales and the first after it see more than their share."""
    return chance.weighted(
        ((0.2, PACKAGE_SALES_END), (0.2, PACKAGE_SALES_END - SECOND), (0.6, paid_at))
    )


def _basket(chance: Chance, offered: list[TrainingClass], budget: int) -> list[TrainingClass]:
    if chance.happens(0.08):
        two = chance.several(offered, 2)
        return two if sum(each.price for each in two) <= budget else two[:1]
    return [chance.popular(offered)]


def _buy_classes(
    reports: Reports, classes: tuple[TrainingClass, ...], purchase_id: str, paid_at: int
) -> int:
    """When the purchase was paid, as reported."""
    chance = reports.chance
    prices = [each.price for each in classes]
    items = _items(chance, classes, prices)
    fields: dict[str, object] = {"purchase_id": purchase_id, "items": items}
    if chance.happens(0.9):
        fields["amount"] = _amount(chance, sum(prices))
    if len(classes) > 1 and chance.happens(0.3):
        # The first report forgot an item; a second one, of the same payment, adds it.
        whole, fields = fields, {**fields, "items": items[:1]}
        first = reports.add("purchase.paid", paid_at, fields, "purchase_incomplete")
        second = reports.add("purchase.paid", paid_at, whole, "purchase_item_added")
        second.happened = first.happened
        return first.happened
    shape = "purchase_single" if len(classes) == 1 else "purchase_two_classes"
    first = reports.add("purchase.paid", paid_at, fields, shape)
    _restate(reports, first.happened, fields)
    return first.happened


def _buy_package(reports: Reports, package: Package, purchase_id: str, paid_at: int) -> int:
    """When the purchase was paid, as reported."""
    chance = reports.chance
    fields: dict[str, object] = {
        "purchase_id": purchase_id,
        "package_code": package.package_code,
    }
    if chance.happens(0.95):
        fields["amount"] = _amount(chance, package.price)
    if package.published_at is None:
        shape = "package_never_published"
    elif package.published_at > paid_at:
        shape = "package_before_published"
    elif chance.happens(0.5):
        shape = "package_with_items"
        fields["items"] = _items(chance, package.classes, package.prices)
    else:
        shape = "package_by_code"
    first = reports.add("purchase.paid", paid_at, fields, shape)
    _restate(reports, first.happened, fields)
    return first.happened


def _restate(reports: Reports, paid_at: int, fields: dict[str, object]) -> None:
    """Some purchases are told again under a new event id and a later time, some with less paid: the earliest stands."""
    chance = reports.chance
    if chance.happens(0.02):
        later = paid_at + chance.between(1, 9) * DAY
        amount = fields.get("amount")
        if isinstance(amount, int) and chance.happens(0.5):
            less = {**fields, "amount": reduced(chance, amount)}
            reports.add("purchase.paid", later, less, "purchase_restated_otherwise")
        else:
            reports.add("purchase.paid", later, fields, "purchase_restated")


def _amount(chance: Chance, cost: int) -> int:
    """What a payment says it came to: now and then the platform took something off and left the prices as they are."""
    return reduced(chance, cost) if chance.happens(0.04) else cost


def reduced(chance: Chance, rupiah: int) -> int:
    """Less by a twentieth to a fifth, to the rupiah: such amounts do not divide."""
    return rupiah - rupiah * chance.between(50, 200) // 1_000 - chance.between(0, 999)


def _items(
    chance: Chance, classes: tuple[TrainingClass, ...], prices: Sequence[int]
) -> list[dict[str, object]]:
    """Each with its price, none with it or, of several, only some."""
    known = chance.weighted(((0.8, len(classes)), (0.1, 0), (0.1, max(1, len(classes) // 2))))
    return [
        {"class_code": each.class_code} | ({"price": price} if place < known else {})
        for place, (each, price) in enumerate(zip(classes, prices, strict=True))
    ]
