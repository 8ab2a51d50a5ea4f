"""Headline figures by name, for lists in their order: a name is its place in the answer, as a column of CSV has it."""

from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from typing import Any, Final, TypeAlias

from msgspec import Struct
from msgspec.structs import asdict

from domain.counting import BILLION, Metric, Tally
from projections.reading.evaluations_figures import counts, package_headline
from projections.reading.page import Key

Figure: TypeAlias = int | float | None
Figures: TypeAlias = Callable[[Tally], Mapping[str, Any]]
"""From a tally to the fields of an answer."""

NONE: Final = -(2**61)
"""A figure that is null, in keys: before every other."""


class Order(Struct, frozen=True):
    """A list in the order of a figure."""

    figure: str
    descending: bool = False

    @classmethod
    def named(cls, name: str | None) -> "Order | None":
        """The order by the figure of this name; `-` in front: descending. None: another order."""
        return None if name is None else cls(name.removeprefix("-"), name.startswith("-"))

    def sorted(self, keys: list[Key], after: Key | None) -> list[Key]:
        """The keys that stand behind ``after``, in this order."""
        return in_order(keys, after, descending=self.descending)


def in_order(keys: list[Key], after: Key | None, *, descending: bool = False) -> list[Key]:
    """The keys that stand behind ``after``, in order."""
    if after is not None:
        keys = [key for key in keys if (key < after if descending else key > after)]
    return sorted(keys, reverse=descending)


def flat(fields: Mapping[str, Any]) -> Iterator[tuple[str, Figure]]:
    """Each figure among the fields of an answer, by name."""
    for name, value in fields.items():
        within = asdict(value) if isinstance(value, Struct) else value
        if isinstance(within, dict):
            for part, figure in flat(within):
                yield f"{name}_{part}", figure
        else:
            yield name, within


def place_of(figure: Figure) -> int:
    """Where a figure stands among others: whole ones as they are, others in billionths."""
    if figure is None:
        return NONE
    return round(figure * BILLION) if isinstance(figure, float) else figure


def _metrics(of: Figures, metrics: Mapping[int, int]) -> dict[str, list[int]]:
    """Figure to the metrics that it follows from. ``metrics``: each with how many values it has."""
    whole = Counter(
        {
            (metric, float(value)): 1_000 * metric + value
            for metric, values in metrics.items()
            for value in range(values + 1)
        }
    )
    everything = dict(flat(of(whole)))
    found: dict[str, list[int]] = {name: [] for name in everything}
    for metric in metrics:
        without = Counter({key: n for key, n in whole.items() if key[0] != metric})
        for name, figure in flat(of(without)):
            if figure != everything[name]:
                found[name].append(int(metric))
    return found


def _weights(of: Figures, metrics: Mapping[int, int]) -> dict[str, dict[tuple[int, float], int]]:
    """Figure that is a sum to how often it counts each metric and value. Means and shares are no sums."""
    found: dict[str, dict[tuple[int, float], int]] = {}
    nothing = dict(flat(of(Counter())))
    for key in (
        (metric, float(value)) for metric in metrics for value in range(metrics[metric] + 1)
    ):
        for name, figure in flat(of(Counter({key: 1}))):
            before = nothing[name]
            if isinstance(figure, int) and isinstance(before, int) and figure != before:
                found.setdefault(name, {})[key] = figure - before
    return found


MONEY: Final[dict[int, int]] = dict.fromkeys(range(Metric.PAID, Metric.FINE), 4)
"""Metrics of money, with more values than any state has."""

PLAIN: Final[dict[int, int]] = dict.fromkeys(range(Metric.PURCHASED, Metric.RATING), 0)
OF_CLASSES: Final = _metrics(counts, PLAIN | {Metric.RATING: 5} | MONEY)
"""Headline figure of a class to the metrics that it follows from."""

OF_INSTITUTIONS: Final = ("classes", *OF_CLASSES)
"""Headline figures of an institution."""

PACKAGES: Final[dict[int, int]] = dict.fromkeys(range(Metric.PACKAGES, Metric.PAID), 0)
OF_PACKAGES: Final = _metrics(package_headline, PACKAGES | MONEY)
"""The same of a package."""

WEIGHTS: Final = _weights(package_headline, PACKAGES | MONEY) | _weights(
    counts, PLAIN | {Metric.RATING: 5} | MONEY
)
"""Of figures that are sums, what they add up: of many classes that is told sooner than all figures of each."""


Weights: TypeAlias = Mapping[tuple[int, float], int]
QUOTIENTS: Final[Mapping[str, tuple[Weights, Weights]]] = {
    "rating_mean": (
        {(Metric.RATING, float(stars)): stars for stars in range(1, 6)},
        WEIGHTS["reviewed"],
    ),
    "share_complete": (WEIGHTS["complete"], WEIGHTS["sold"]),
}
"""Of figures that are means or shares, what is divided by what."""


def figure_of(tally: Tally, name: str, of: Figures) -> Figure:
    """One figure of a tally that has the metrics which it follows from."""
    if name in QUOTIENTS:
        part, whole = QUOTIENTS[name]
        return _added(tally, part) / count if (count := _added(tally, whole)) else None
    weights = WEIGHTS.get(name)
    if weights is None:
        return dict(flat(of(tally)))[name]
    return _added(tally, weights)


def _added(tally: Tally, weights: Weights) -> int:
    added = 0
    for (
        key,
        weight,
    ) in weights.items():  # of thousands of classes: a generator takes half as long again
        added += weight * tally.get(key, 0)
    return added


CLASS_METRICS: Final = sorted({metric for metrics in OF_CLASSES.values() for metric in metrics})
PACKAGE_METRICS: Final = sorted({metric for metrics in OF_PACKAGES.values() for metric in metrics})
