"""The auditors' question in a sentence."""

from typing import Any

from services.report.sentences import of_money, of_money_in_short


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


def test_what_was_paid_for_classes_that_were_not_completed() -> None:
    assert of_money(paid(250_000, 500_000, 250_000)) == (
        "Of Rp 1,000,000 paid for classes and not refunded, Rp 750,000 (75.0%) was for classes that were not "
        "completed: Rp 500,000 under way, Rp 250,000 on which the partner never reported a word."
    )
    assert of_money_in_short(paid(250_000, 500_000, 250_000)) == (
        "Rp 750,000 (75.0%) of Rp 1,000,000 paid was for classes that were not completed."
    )


def test_what_is_not_known_is_said_beside_it() -> None:
    said = of_money(paid(1, 0, 0, unallocated=900_000, unpriced=2))
    assert said.endswith(
        "Not in it: Rp 900,000 paid for packages that are not published, whose classes are not known and 2 purchased "
        "classes of which a price is not known."
    )


def test_nothing_paid_is_nothing_known() -> None:
    assert "Nothing is known" in of_money(paid(0, 0, 0))
    assert of_money_in_short(paid(0, 0, 0)) == ""
