"""The oracle on money small enough to be counted by hand."""

from typing import Any

import pytest

from services.simulator.expected_money import Price, differs, money, prices_of


@pytest.mark.parametrize(
    ("payment", "composition", "expected"),
    [
        ({"items": [{"class_code": "A", "price": 7}]}, None, {"A": (7, "stated")}),
        ({"items": [{"class_code": "A"}]}, None, {"A": (None, "unpriced")}),
        (
            {"items": [{"class_code": "B"}, {"class_code": "A"}], "amount": 5},
            None,
            {"A": (3, "allocated"), "B": (2, "allocated")},
        ),
        (
            {"items": [{"class_code": "A", "price": 9}, {"class_code": "B"}], "amount": 5},
            None,
            {"A": (9, "stated"), "B": (0, "allocated")},
        ),
        (
            {"amount": 4},
            ["C", "A", "B"],
            {"A": (2, "allocated"), "B": (1, "allocated"), "C": (1, "allocated")},
        ),
        ({"amount": 4}, None, {}),
    ],
)
def test_prices(
    payment: dict[str, Any], composition: list[str] | None, expected: dict[str, Price]
) -> None:
    assert prices_of(payment, composition) == expected


def test_an_amount_differs_from_stated_prices_only() -> None:
    two = [{"class_code": "A", "price": 2}, {"class_code": "B", "price": 3}]
    assert not differs({"items": two, "amount": 5})
    assert differs({"items": two, "amount": 6})
    assert not differs({"items": two})
    assert not differs({"items": [*two, {"class_code": "C"}], "amount": 6})
    assert not differs({"package_code": "P", "amount": 6})


def test_money_over_several_prices_is_as_sure_as_the_weakest() -> None:
    priced: list[tuple[Price, bool]] = [((5, "stated"), False), ((2, "allocated"), True)]
    assert money(priced) == {"paid": 7, "refunded": 2, "net": 5, "price_is": "allocated"}
    assert money([*priced, ((None, "unpriced"), False)])["price_is"] == "unpriced"
    assert money([]) == {"paid": 0, "refunded": 0, "net": 0, "price_is": None}
