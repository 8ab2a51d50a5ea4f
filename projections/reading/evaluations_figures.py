"""What a tally comes to: the fields of the shapes that evaluations are shown in."""

from typing import Any, Final

from msgspec.structs import asdict

from domain.counting import Metric, Tally
from domain.evaluation import Medians, by_metric, evaluate, evaluated_money, plain
from domain.silence import silence
from domain.vocabulary import FLAGS
from projections.reading.evaluations_shown import EvaluationMoney, PackageCounts


def figures(tally: Tally, medians: Medians, as_of: int) -> dict[str, Any]:
    """The fields of Figures. ``as_of`` (microseconds UTC) says how old silences are."""
    evaluated = evaluate(tally, medians)
    hours = by_metric(tally).get(Metric.SILENT_HOUR, {})
    return asdict(evaluated) | {
        "silence": silence(evaluated.never_reported, hours.items(), as_of),
        "money": EvaluationMoney(**asdict(evaluated.money)),
    }


def money_of(tally: Tally) -> EvaluationMoney:
    """What was paid for everything that a tally counts."""
    return EvaluationMoney(**asdict(evaluated_money(by_metric(tally))))


PLAIN: Final = {
    "purchased": Metric.PURCHASED,
    "refunded": Metric.REFUNDED,
    "never_reported": Metric.NEVER_REPORTED,
    "completed": Metric.COMPLETED,
    "assessed": Metric.ASSESSED,
    "passed": Metric.PASSED,
    "failed": Metric.FAILED,
    "satisfied": Metric.SATISFIED,
}


def counts(tally: Tally) -> dict[str, Any]:
    """The fields of Counts, from a tally with the metrics up to ratings and those of money; as `figures` has them."""
    found: dict[str, Any] = {name: tally[metric, 0] for name, metric in PLAIN.items()}
    stars = [tally[Metric.RATING, rating] for rating in range(1, 6)]
    reviewed = sum(stars)
    total = sum(rating * times for rating, times in enumerate(stars, start=1))
    return found | {
        "started": found["purchased"] - found["never_reported"],
        "reviewed": reviewed,
        "rating_mean": total / reviewed if reviewed else None,
        "flags": {name: tally[Metric.FLAG + bit, 0] for bit, name in enumerate(FLAGS)},
        "money": money_of(tally),
    }


def package_headline(tally: Tally) -> dict[str, Any]:
    """The figures of PackageHeadline, from a tally of a package's purchases and of the money of its classes in them."""
    of = package_counts(tally)
    return {
        "sold": of.purchases,
        "complete": of.complete,
        "share_complete": of.share_complete,
        "incomplete": of.incomplete,
        "unresolved": of.unresolved,
        "after_sales_end": of.after_sales_end,
        "money": money_of(tally),
    }


def package_counts(tally: Tally) -> PackageCounts:
    """The counts of package purchases in a tally."""
    of = by_metric(tally)
    purchases, complete = plain(of, Metric.PACKAGES), plain(of, Metric.PACKAGES_COMPLETE)
    unresolved = plain(of, Metric.PACKAGES_UNRESOLVED)
    return PackageCounts(
        purchases=purchases,
        complete=complete,
        share_complete=complete / purchases if purchases else None,
        incomplete=purchases - complete - unresolved,
        unresolved=unresolved,
        after_sales_end=plain(of, Metric.PACKAGES_AFTER_SALES_END),
    )
