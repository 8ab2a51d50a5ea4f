"""The stories of the participants: what each bought, learned, gave up and got back."""

from itertools import pairwise
from typing import Final

from services.simulator.catalogue import BUDGET, Shop, TrainingClass
from services.simulator.chance import Chance
from services.simulator.corrections import refund, refund_unknown, void_something, void_unknown
from services.simulator.instants import DAY, HOUR, instant
from services.simulator.learning import learn
from services.simulator.purchases import buy
from services.simulator.record import Draft, EventIds
from services.simulator.reports import Purchase, Reports

SEASON_OVER: Final = instant(2021, 2, 1)

# When the participants were admitted: (share of them admitted by then, instant). Half come before
# package sales ended, and more than their share in the days around it.
_ADMISSION: Final = (
    (0.00, instant(2020, 4, 1)),
    (0.42, instant(2020, 6, 16)),
    (0.58, instant(2020, 7, 2)),
    (1.00, instant(2020, 11, 20)),
)


def admitted_at(share: float) -> int:
    """When the participant was admitted before whom `share` (0 to 1) of all others were."""
    for (low, start), (high, end) in pairwise(_ADMISSION):
        if share <= high:
            return start + int((share - low) / (high - low) * (end - start))
    return _ADMISSION[-1][1]


def story(
    chance: Chance, shops: list[Shop], ids: EventIds, number: int, admitted: int
) -> list[Draft]:
    """Every event of one participant, partner by partner, in no order of time."""
    participant_id = f"PRK-{number:09d}"
    clock: set[int] = set()
    shop = _shop(chance, shops)
    reports = {
        shop.partner.name: Reports(shop.partner, participant_id, clock, chance, ids),
    }
    paid_at = admitted
    budget = BUDGET
    for order in range(1, chance.weighted(((0.62, 1), (0.26, 2), (0.12, 3))) + 1):
        if order > 1 and chance.happens(0.35):
            shop = _shop(chance, shops)
            reports.setdefault(
                shop.partner.name, Reports(shop.partner, participant_id, clock, chance, ids)
            )
        paid_at += int((0.1 + chance.random() ** 2 * (12 if order == 1 else 40)) * DAY)
        budget -= _purchase_and_classes(reports[shop.partner.name], shop, paid_at, order, budget)
    for each in reports.values():
        _oddities(each, shops, paid_at)
    return [draft for each in reports.values() for draft in each.drafts]


def _shop(chance: Chance, shops: list[Shop]) -> Shop:
    return chance.weighted([(shop.partner.market_share, shop) for shop in shops])


def _purchase_and_classes(
    reports: Reports, shop: Shop, paid_at: int, order: int, budget: int
) -> int:
    """What was spent of the budget; what is refunded is not given out again."""
    chance = reports.chance
    known = set(reports.bought)
    bought = buy(reports, shop, paid_at, order, budget)
    if bought is None:
        return 0
    purchase, classes = bought.purchase, bought.classes
    refunded = refund(reports, bought)
    start = purchase.paid_at
    for taught in classes:
        if taught.class_code in known:
            continue
        until = SEASON_OVER
        if taught.class_code in refunded and not chance.happens(0.3):
            # Most stop when their money is back; of the others the partner goes on reporting.
            until = refunded[taught.class_code]
        if chance.happens(0.02):
            _taste(reports, taught, purchase)
        learn(reports, taught, start, until)
        if chance.happens(0.5):
            # Many take the classes of a package one after another.
            start += chance.between(1, 20) * DAY
    if refunded or not chance.happens(0.03) or bought.cost + classes[0].price > budget:
        return bought.cost
    again = Purchase(f"{purchase.purchase_id}B", purchase.paid_at, purchase.class_codes[:1])
    _buy_again(reports, again, classes[0].price)
    return bought.cost + classes[0].price


def _taste(reports: Reports, taught: TrainingClass, purchase: Purchase) -> None:
    """Adds progress made before the class was paid for."""
    before = purchase.paid_at - reports.chance.between(2, 70) * HOUR
    fields: dict[str, object] = {"percent": 1}
    code = taught.class_code
    reports.evidence("class.progressed", before, code, fields, "progress_before_purchase")


def _buy_again(reports: Reports, again: Purchase, price: int) -> None:
    """Adds a second purchase of a class that the participant has already, as often as not with its price."""
    later = again.paid_at + reports.chance.between(1, 60) * DAY
    fields: dict[str, object] = {
        "purchase_id": again.purchase_id,
        "items": [{"class_code": again.class_codes[0]}],
    }
    if reports.chance.happens(0.5):
        fields["amount"] = price
    reports.add("purchase.paid", later, fields, "purchase_again")
    reports.remember(again)


def _oddities(reports: Reports, shops: list[Shop], when: int) -> None:
    """Adds what happens now and then: a class without a purchase, and events withdrawn."""
    chance = reports.chance
    if chance.happens(0.015):
        shop = next(shop for shop in shops if shop.partner is reports.partner)
        taught = chance.pick(shop.classes)
        if taught.class_code not in reports.bought:
            learn(reports, taught, when, SEASON_OVER)
    if chance.happens(0.04) and reports.drafts:
        void_something(reports)
    if chance.happens(0.008):
        void_unknown(reports, when + DAY)
    if chance.happens(0.008):
        refund_unknown(reports, when + DAY)
