"""Prices of classes, to the rupiah."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.money import (
    ALLOCATED,
    NO_MONEY,
    NO_PRICE,
    STATED,
    UNPRICED,
    Money,
    Price,
    amount_differs,
    money_of,
    price_in_package,
    prices_of_items,
    share,
)

codes = st.lists(st.text(min_size=1, max_size=3), min_size=1, max_size=8, unique=True)
rupiah = st.integers(0, 2**63 - 1)


@pytest.mark.parametrize(
    ("prices", "amount", "expected"),
    [
        ({"A": 300, "B": 200}, 500, {"A": (300, STATED), "B": (200, STATED)}),
        ({"A": 300, "B": None}, 500, {"A": (300, STATED), "B": (200, ALLOCATED)}),
        # 100 rupiah among three: the first in order of code gets the one that is left.
        ({"C": None, "B": None, "A": None}, 100, {"A": (34, 1), "B": (33, 1), "C": (33, 1)}),
        ({"A": 0, "B": None, "C": None}, 5, {"A": (0, STATED), "B": (3, 1), "C": (2, 1)}),
        # What the stated prices leave is never below nothing.
        ({"A": 600, "B": None}, 500, {"A": (600, STATED), "B": (0, ALLOCATED)}),
        ({"A": 300, "B": None}, None, {"A": (300, STATED), "B": (0, UNPRICED)}),
        ({"A": None}, 0, {"A": (0, ALLOCATED)}),
    ],
)
def test_what_the_items_of_a_payment_cost(
    prices: dict[str, int | None], amount: int | None, expected: dict[str, Any]
) -> None:
    found = prices_of_items(list(prices), list(prices.values()), amount)
    assert found == {code: Price(*price) for code, price in expected.items()}


def test_items_without_any_price_share_the_amount() -> None:
    assert prices_of_items(["B", "A"], None, 3) == {"A": Price(2, 1), "B": Price(1, 1)}
    assert prices_of_items(["B"], None, None) == {"B": NO_PRICE}
    assert not amount_differs(None, 3)


def test_a_package_is_shared_evenly_whatever_the_order_of_its_classes() -> None:
    for composition in (("B", "A", "C"), ("C", "B", "A")):
        shares = [price_in_package(code, composition, 1_000_001) for code in "ABC"]
        assert shares == [Price(333_334, 1), Price(333_334, 1), Price(333_333, 1)]
    assert price_in_package("A", ("A", "B"), None) == NO_PRICE


@given(codes, rupiah)
def test_shares_add_up_and_differ_by_one_rupiah_at_most(sharing: list[str], rest: int) -> None:
    shares = [share(code, tuple(sharing), rest) for code in sorted(sharing)]
    assert sum(shares) == rest
    assert shares == sorted(shares, reverse=True)
    assert max(shares) - min(shares) <= 1


@given(st.dictionaries(st.text(max_size=2), st.none() | rupiah, min_size=1), rupiah)
def test_a_payment_is_priced_to_its_amount_where_prices_leave_room(
    prices: dict[str, int | None], amount: int
) -> None:
    given_prices = list(prices.values())
    stated = sum(price for price in given_prices if price is not None)
    found = prices_of_items(list(prices), given_prices, amount)
    total = sum(price.rupiah for price in found.values())
    if None in prices.values():
        assert total == max(stated, amount)
        assert not amount_differs(given_prices, amount)
    else:
        assert total == stated
        assert amount_differs(given_prices, amount) is (stated != amount)
    assert not amount_differs(given_prices, None)


def test_a_class_was_paid_for_by_all_its_purchases() -> None:
    prices = [(Price(300, STATED), False), (Price(200, ALLOCATED), True)]
    assert money_of(prices) == Money(500, 200, 200, ALLOCATED)
    assert money_of(prices).net == 300
    assert money_of([*prices, (NO_PRICE, True)]) == Money(500, 200, 200, UNPRICED)
    assert money_of([]) == NO_MONEY
