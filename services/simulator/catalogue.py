"""The catalogue of the season: institutions, and the classes and packages of each partner.

Class and package codes are unique within a partner only: `C-0001` exists at every partner, as
another class each time.
"""

from typing import Final, Literal

import msgspec

from services.simulator.chance import Chance
from services.simulator.instants import DAY, instant
from services.simulator.partners import PARTNERS, Partner
from services.simulator.titles import (
    INSTITUTION_KINDS,
    INSTITUTION_NAMES,
    LEVELS,
    PACKAGE_SUBJECTS,
    SUBJECTS,
)

BUDGET: Final = 1_000_000
"""Rupiah that the programme gives each participant for training, at whatever partners it is spent."""

LEAST_PRICE: Final = 50_000
PACKAGE_DISCOUNT: Final = 0.1

MASTERY: Final = (0.5, 0.6, 0.65, 0.7, 0.75, 0.8)
SCALES: Final = ((0.6, (0, 100)), (0.15, (0, 10)), (0.1, (200, 800)), (0.1, (1, 5)), (0.05, (0, 4)))

Verdicts = Literal["score", "score_and_verdict", "verdict", "bare"]
VERDICTS: Final[tuple[tuple[float, Verdicts], ...]] = (
    (0.62, "score"),
    (0.16, "score_and_verdict"),
    (0.12, "verdict"),
    (0.10, "bare"),
)


class TrainingClass(msgspec.Struct, frozen=True):
    """A class with what its partner publishes, and how that class is taught and reported."""

    class_code: str
    title: str
    institution: str
    price: int
    units: int
    meetings: int
    """How many meetings it has, one a lesson day; 0: it is watched whenever one likes."""
    mode: Literal["online", "offline"]
    published_at: int | None
    mastery_score: float
    scale: tuple[int, int]
    verdicts: Verdicts
    progress: Literal["percent", "unit_number", "unit_name", "both"]


class Package(msgspec.Struct, frozen=True):
    """Some classes sold as one; ``prices`` says what each of them costs within it, in the order of classes."""

    package_code: str
    title: str
    classes: tuple[TrainingClass, ...]
    prices: tuple[int, ...]
    published_at: int | None

    @property
    def price(self) -> int:
        """What the package costs: never more than a participant has."""
        return sum(self.prices)


class Shop(msgspec.Struct, frozen=True):
    """All that one partner sells."""

    partner: Partner
    classes: list[TrainingClass]
    packages: list[Package]


def open_shops(chance: Chance, events: int) -> list[Shop]:
    """The eight shops, with as many classes and institutions as a season of that size can bear."""
    institutions = institution_names(max(4, min(60, events // 400)))
    classes = max(16, min(640, events // 60))
    shops = []
    for partner in PARTNERS:
        count = max(2, round(classes * (0.5 + 4 * partner.market_share) / len(PARTNERS)))
        offered = [_training_class(chance, number, institutions) for number in range(1, count + 1)]
        packages = [
            _package(chance, number, offered) for number in range(1, max(3, count // 3) + 1)
        ]
        shops.append(Shop(partner, offered, packages))
    return shops


def institution_names(count: int) -> list[str]:
    """Up to 60 different names of institutions."""
    kinds, names = len(INSTITUTION_KINDS), len(INSTITUTION_NAMES)
    return [
        f"{INSTITUTION_KINDS[number % kinds]} {INSTITUTION_NAMES[number % names]}"
        for number in range(min(count, kinds * names))
    ]


def _training_class(chance: Chance, number: int, institutions: list[str]) -> TrainingClass:
    return TrainingClass(
        class_code=f"C-{number:04d}",
        title=chance.pick(SUBJECTS) + chance.pick(LEVELS),
        institution=chance.pick(institutions),
        price=_price(chance),
        units=chance.between(4, 16),
        meetings=chance.weighted(
            ((0.2, 0), (0.5, chance.between(1, 3)), (0.3, chance.between(4, 8)))
        ),
        mode="offline" if chance.happens(0.08) else "online",
        # A few classes are sold and never published: their answers have no title.
        published_at=None
        if number > 1 and chance.happens(0.03)
        else instant(2020, 3, 20) + int(chance.random() * 20 * DAY),
        mastery_score=0.6 if chance.happens(0.5) else chance.pick(MASTERY),
        scale=chance.weighted(SCALES),
        verdicts=chance.weighted(VERDICTS),
        progress=chance.weighted(
            ((0.55, "percent"), (0.2, "unit_number"), (0.15, "unit_name"), (0.1, "both"))
        ),
    )


def _price(chance: Chance) -> int:
    """Mostly round and well below the budget; a few classes take half of it and more."""
    low, high, step = chance.weighted(
        ((0.65, (2, 16, 25_000)), (0.3, (50, 500, 1_000)), (0.05, (500, 1_000, 1_000)))
    )
    return step * chance.between(low, high)


def package_prices(classes: tuple[TrainingClass, ...]) -> tuple[int, ...]:
    """What each class costs within a package: together a tenth less, in whole thousands, and within the budget.

    Each costs at least the least price; what is above it is shared out as the classes' own prices are.
    """
    least = LEAST_PRICE * len(classes)
    whole = sum(each.price for each in classes)
    total = max(least, min(BUDGET, int(whole * (1 - PACKAGE_DISCOUNT)) // 1_000 * 1_000))
    left, above = total - least, whole - least
    prices = []
    for each in classes:
        own = each.price - LEAST_PRICE
        part = left * own // above // 1_000 * 1_000 if above else 0
        prices.append(LEAST_PRICE + part)
        left, above = left - part, above - own
    prices[-1] += left
    return tuple(prices)


def _package(chance: Chance, number: int, offered: list[TrainingClass]) -> Package:
    """A package; of every ten about two are published after they sell, and one never."""
    if number == 1:
        published_at: int | None = instant(2020, 4, 1)
    elif number == 2 or (number > 3 and chance.happens(0.2)):
        published_at = instant(2020, 5, 15) + int(chance.random() * 100 * DAY)
    elif number == 3 or chance.happens(0.1):
        published_at = None
    else:
        published_at = instant(2020, 4, 1) + int(chance.random() * 10 * DAY)
    title = chance.pick(PACKAGE_SUBJECTS)
    classes = tuple(chance.several(offered, chance.between(2, 5)))
    return Package(
        package_code=f"P-{number:03d}",
        title=title,
        classes=classes,
        prices=package_prices(classes),
        published_at=published_at,
    )
