"""What is taken back: purchases refunded, events voided."""

from typing import Final

from services.simulator.instants import DAY, HOUR
from services.simulator.purchases import Bought
from services.simulator.record import Draft
from services.simulator.reports import Reports

REASONS_OF_REFUND: Final = ("kode tidak ditemukan", "lembaga salah", "batal ikut")
REASONS_OF_VOID: Final = ("salah peserta", "tercatat dua kali", "uji coba sistem")


def refund(reports: Reports, bought: Bought) -> dict[str, int]:
    """Class code to when it was paid back: of one purchase in sixteen, of one in eight of several classes."""
    chance = reports.chance
    purchase = bought.purchase
    codes = purchase.class_codes
    if not chance.happens(0.06 if len(codes) == 1 else 0.12):
        return {}
    when = purchase.paid_at + int((0.5 + chance.random() ** 2 * 35) * DAY)
    if len(codes) == 1 or chance.happens(0.3):
        return dict.fromkeys(codes, _refund(reports, bought, when, None, "refund_whole"))
    some = tuple(chance.several(codes, chance.between(1, len(codes) - 1)))
    when = _refund(reports, bought, when, some, "refund_partial")
    refunded = dict.fromkeys(some, when)
    rest = tuple(code for code in codes if code not in refunded)
    if chance.happens(0.3):
        later = when + chance.between(1, 20) * DAY
        refunded |= dict.fromkeys(rest, _refund(reports, bought, later, rest, "refund_rest"))
    elif chance.happens(0.4):
        _tell_the_rest(reports, bought, rest, when + chance.between(1, 48) * HOUR)
    return refunded


def _refund(
    reports: Reports, bought: Bought, when: int, codes: tuple[str, ...] | None, shape: str
) -> int:
    """When it was given back, as reported: some classes of the purchase, or the whole of it."""
    fields: dict[str, object] = {"purchase_id": bought.purchase.purchase_id}
    if codes is not None:
        fields["class_codes"] = list(codes)
    if reports.chance.happens(0.7):
        fields["reason"] = reports.chance.pick(REASONS_OF_REFUND)
    return reports.add("purchase.refunded", when, fields, shape).happened


def _tell_the_rest(reports: Reports, bought: Bought, rest: tuple[str, ...], when: int) -> None:
    """Adds the purchase as if only ``rest`` had been paid; what was told first stands, and the refund beside it."""
    prices = dict(zip(bought.purchase.class_codes, bought.prices, strict=True))
    fields: dict[str, object] = {
        "purchase_id": bought.purchase.purchase_id,
        "items": [{"class_code": code, "price": prices[code]} for code in rest],
        "amount": sum(prices[code] for code in rest),
    }
    if bought.package_code is not None and reports.chance.happens(0.5):
        fields["package_code"] = bought.package_code
    reports.add("purchase.paid", when, fields, "purchase_restated_after_refund")


def refund_unknown(reports: Reports, when: int) -> None:
    """Adds a refund of a purchase that nobody ever reported."""
    reports.add("purchase.refunded", when, {"purchase_id": "INV-LAIN"}, "refund_unknown")


def void_something(reports: Reports) -> None:
    """Adds the withdrawal of one event of the story, before or after that event is sent."""
    chance = reports.chance
    target = chance.pick(reports.drafts)
    if target.type == "id.tuntas.purchase.paid.v1" and reports.leans_on(target):
        return
    void = _void(reports, target.event_id, target.happened + HOUR, "void")
    if chance.happens(0.35):
        void.shape = "void_before_target"
        void.sent = target.sent - chance.between(1, 48) * HOUR
    else:
        void.sent = max(void.sent, target.sent + chance.between(1, 48) * HOUR)
    if chance.happens(0.15):
        _void(reports, void.event_id, void.happened + HOUR, "void_of_void")


def void_unknown(reports: Reports, when: int) -> None:
    """Adds the withdrawal of an event that was never sent."""
    target_id = f"{reports.partner.id_prefix}-tidak-ada-{reports.chance.between(1, 999)}"
    _void(reports, target_id, when, "void_unknown_target")


def _void(reports: Reports, target_id: str, happened: int, shape: str) -> Draft:
    reason = reports.chance.pick(REASONS_OF_VOID)
    fields: dict[str, object] = {"target_id": target_id, "reason": reason}
    return reports.add("event.voided", happened, fields, shape, kind="v")
