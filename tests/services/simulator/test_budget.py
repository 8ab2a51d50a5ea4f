"""The simulated season keeps the programme's rule: Rp 1,000,000 for training a person, at all partners together."""

from collections import defaultdict
from typing import Any

import pytest

from services.simulator import simulate
from services.simulator.expected_intake import take_in

BUDGET = 1_000_000
LEAST, MOST = 50_000, 1_000_000


class Paid:
    """What was told of one purchase, over all its tellings."""

    def __init__(self) -> None:
        self.amounts: set[int] = set()
        self.prices: dict[str, int] = {}
        self.unpriced: set[str] = set()

    def tell(self, data: dict[str, Any]) -> None:
        if data.get("amount") is not None:
            self.amounts.add(data["amount"])
        for item in data.get("items") or []:
            if "price" in item:
                self.prices[item["class_code"]] = item["price"]
            else:
                self.unpriced.add(item["class_code"])

    @property
    def cost(self) -> int:
        return max([*self.amounts, sum(self.prices.values())])


@pytest.fixture(scope="module", params=[(20_000, 1), (6_000, 5), (3_000, 77)])
def purchases(request: pytest.FixtureRequest) -> dict[tuple[str, str, str], Paid]:
    """Everything that was told of payments, by participant, partner and purchase id; withdrawn ones, too."""
    events, seed = request.param
    told: dict[tuple[str, str, str], Paid] = defaultdict(Paid)
    for event in take_in(simulate(events, seed)).accepted:
        if event["kind"] == "purchase.paid":
            data = event["data"]
            told[data["participant_id"], event["partner"], data["purchase_id"]].tell(data)
    assert len(told) > events // 30
    return told


def test_nobody_pays_more_than_the_budget(purchases: dict[tuple[str, str, str], Paid]) -> None:
    spent: dict[str, int] = defaultdict(int)
    for (participant_id, *_), paid in purchases.items():
        spent[participant_id] += paid.cost
    assert max(spent.values()) <= BUDGET
    # Believable: few come near it in one purchase, and several purchases are the usual way to spend it.
    assert sum(cost > BUDGET // 2 for cost in spent.values()) > len(spent) // 5
    assert sum(cost == BUDGET for cost in spent.values()) < len(spent) // 3


def test_prices_are_those_of_the_programme(purchases: dict[tuple[str, str, str], Paid]) -> None:
    prices = [price for paid in purchases.values() for price in paid.prices.values()]
    assert min(prices) >= LEAST
    assert max(prices) <= MOST
    assert all(price % 1_000 == 0 for price in prices)
    assert len(set(prices)) > 20


def test_most_amounts_are_what_the_items_cost(purchases: dict[tuple[str, str, str], Paid]) -> None:
    """Of the others something was taken off, or less was told later."""
    stated = [paid for paid in purchases.values() if paid.amounts and paid.prices]
    stated = [paid for paid in stated if not paid.unpriced]
    assert len(stated) > len(purchases) // 3
    otherwise = [paid for paid in stated if paid.amounts != {sum(paid.prices.values())}]
    assert 0 < len(otherwise) < len(stated) // 8


def test_a_person_buys_at_several_partners_from_one_budget(
    purchases: dict[tuple[str, str, str], Paid],
) -> None:
    partners: dict[str, set[str]] = defaultdict(set)
    for participant_id, partner, _ in purchases:
        partners[participant_id].add(partner)
    assert sum(len(at) > 1 for at in partners.values()) > len(partners) // 25
