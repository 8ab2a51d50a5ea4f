"""The auditors' question in a sentence."""

from typing import Any

from services.language.language import NO_BREAK, language
from services.report.sentences import of_attendance, of_money, of_money_in_short

EN = language("en")


def paid(completed: int, in_progress: int, never_reported: int, **others: int) -> dict[str, Any]:
    return {
        "net": completed + in_progress + never_reported,
        "net_by_completion": {
            "completed": completed,
            "in_progress": in_progress,
            "never_reported": never_reported,
        },
        "unallocated": 0,
        "unpriced": 0,
        **others,
    }


def said(text: str) -> str:
    """The text with plain spaces."""
    return text.replace(NO_BREAK, " ")


def test_what_was_paid_for_classes_that_were_not_completed() -> None:
    assert said(of_money(paid(250_000, 500_000, 250_000), EN)) == (
        "Of Rp 1,000,000 paid for classes and not refunded, Rp 750,000 (75.0%) was for classes that were not "
        "completed: Rp 500,000 under way, Rp 250,000 on which the partner never reported a word."
    )
    assert said(of_money_in_short(1_000_000, 250_000, EN)) == (
        "Rp 750,000 (75.0%) of Rp 1,000,000 paid was for classes that were not completed."
    )


def test_what_was_paid_for_classes_that_nobody_attended() -> None:
    told = paid(400_000, 0, 0, net_not_attended=100_000, net_attended=300_000)
    assert said(of_attendance(told, [told], EN)) == (
        "Rp 100,000 (25.0%) was for classes of which no meeting is known to have been attended."
    )
    assert of_attendance(paid(0, 0, 0, net_not_attended=0), [], EN) == ""


def test_partners_that_report_no_attendance_are_said_to() -> None:
    told = paid(400_000, 0, 0, net_not_attended=100_000, net_attended=300_000)
    silent = paid(50_000, 0, 0, net_not_attended=50_000, net_attended=0)
    everything = paid(450_000, 0, 0, net_not_attended=150_000, net_attended=300_000)
    assert said(of_attendance(everything, [told, silent], EN)).endswith(
        "Rp 50,000 of it was paid at partners that reported no attendance at all: who was there is not known."
    )


def test_the_auditors_language_is_indonesian() -> None:
    assert said(of_money(paid(250_000, 500_000, 250_000), language("id"))) == (
        "Dari Rp 1.000.000 yang dibayar untuk kelas dan tidak dikembalikan, Rp 750.000 (75,0%) adalah untuk kelas yang "
        "tidak selesai: Rp 500.000 sedang berjalan, Rp 250.000 yang tidak pernah dilaporkan mitra."
    )


def test_what_is_not_known_is_said_beside_it() -> None:
    told = said(of_money(paid(1, 0, 0, unallocated=900_000, unpriced=2), EN))
    assert told.endswith(
        "Not in it: Rp 900,000 paid for packages that are not published, whose classes are not known. Not in it: 2 "
        "purchased classes of which a price is not known."
    )


def test_nothing_paid_is_nothing_known() -> None:
    assert "Nothing is known" in of_money(paid(0, 0, 0), EN)
    assert of_money_in_short(0, 0, EN) == ""
