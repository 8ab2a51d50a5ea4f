"""What is taken back: purchases refunded, events voided."""

from typing import Final

from services.simulator.instants import DAY, HOUR
from services.simulator.record import Draft
from services.simulator.reports import Purchase, Reports

REASONS_OF_REFUND: Final = ("kode tidak ditemukan", "lembaga salah", "batal ikut")
REASONS_OF_VOID: Final = ("salah peserta", "tercatat dua kali", "uji coba sistem")


def refund(reports: Reports, purchase: Purchase) -> tuple[tuple[str, ...], int] | None:
    """The class codes paid back and when, or None; one purchase in sixteen is refunded."""
    chance = reports.chance
    if not chance.happens(0.06):
        return None
    when = purchase.paid_at + int((0.5 + chance.random() ** 2 * 35) * DAY)
    fields: dict[str, object] = {"purchase_id": purchase.purchase_id}
    codes = purchase.class_codes
    shape = "refund_whole"
    if len(codes) > 1 and chance.happens(0.6):
        codes = tuple(chance.several(codes, chance.between(1, len(codes) - 1)))
        fields["class_codes"] = list(codes)
        shape = "refund_partial"
    if chance.happens(0.7):
        fields["reason"] = chance.pick(REASONS_OF_REFUND)
    return codes, reports.add("purchase.refunded", when, fields, shape).happened


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
