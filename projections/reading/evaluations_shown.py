"""The shapes of evaluations: the contract's figures, and what they are about."""

from datetime import datetime
from typing import Annotated

from msgspec import Struct

from domain.share import FEW, share
from domain.vocabulary import MoveOn
from projections.reading.meaning import means
from projections.reading.sequences import Sequence

Links = Annotated[dict[str, str], means("Figure to the path of the list behind it.")]


class EvaluationMoney(Struct, frozen=True, kw_only=True):
    """What was paid for the purchased classes, whole rupiah (contract section 3a)."""

    paid: Annotated[int, means("What was paid for the purchased classes, whole rupiah.")]
    refunded: Annotated[int, means("Of it, what was paid in purchases that were refunded.")]
    net: Annotated[int, means("paid less refunded.")]
    net_by_completion: Annotated[
        dict[str, int], means("net by the class's state of completion; adds up to net.")
    ]
    net_by_assessment: Annotated[
        dict[str, int], means("net by the class's state of assessment; adds up to net.")
    ]
    net_satisfied: Annotated[int, means("net of classes satisfied by their rule (move_on).")]
    net_not_satisfied: Annotated[int, means("net of the other classes.")]
    net_attended: Annotated[int, means("net of classes of which a meeting was attended.")]
    net_not_attended: Annotated[int, means("net of the other classes.")]
    allocated: Annotated[
        int, means("Of paid, what is a share of an amount, not a price that was stated.")
    ]
    unallocated: Annotated[
        int, means("Paid beside it for packages that are not published yet; in no other figure.")
    ]
    unpriced: Annotated[int, means("Purchased classes of which a price is not known.")]


class Counts(Struct, frozen=True, kw_only=True):
    """How many purchased classes came how far, refunded ones included. Silence is not failure."""

    purchased: Annotated[int, means("Purchased classes.")]
    refunded: Annotated[int, means("Of them, refunded in every purchase.")]
    never_reported: Annotated[int, means("Of them, those the partner never reported on.")]
    started: Annotated[int, means("Of them, those the partner reported anything on.")]
    completed: Annotated[int, means("Of them, reported as completed.")]
    assessed: Annotated[int, means("Of them, with a post-test or a performance task.")]
    passed: Annotated[int, means("Of those assessed, passed.")]
    failed: Annotated[int, means("Of those assessed, failed.")]
    satisfied: Annotated[int, means("Of them, satisfied by their class's rule (move_on).")]
    reviewed: Annotated[int, means("Of them, reviewed by the participant.")]
    rating_mean: Annotated[float | None, means("Mean rating, 1 to 5; null: no review.")]
    flags: Annotated[dict[str, int], means("Flag to how many purchased classes have it.")]
    money: Annotated[EvaluationMoney, means("What was paid for them, in rupiah.")]


class Figures(Counts, frozen=True, kw_only=True):
    """Everything that is counted. Means and medians of nothing are null."""

    silence: Annotated[
        dict[str, int],
        means("Never reported, by age in whole hours since the hour of the earliest purchase."),
    ]
    score_histogram: Annotated[
        list[int], means("Best results by tenth of the scale from 0 to 1; the last includes 1.")
    ]
    score_mean: Annotated[float | None, means("Mean of the best results, 0 to 1.")]
    score_median: Annotated[float | None, means("Median of the best results, 0 to 1.")]
    gain_mean: Annotated[
        float | None, means("Mean of best result less pre-test, where there are both; −1 to 1.")
    ]
    gain_count: Annotated[int, means("How many have a result and a pre-test.")]
    rating_distribution: Annotated[dict[str, int], means("Stars, 1 to 5, to how many reviews.")]
    median_days_to_completion: Annotated[
        float | None,
        means(
            "Median days from the earliest purchase to the completion, of those completed later."
        ),
    ]
    drop_off: Annotated[
        list[int], means("Those under way by tenth of the way reached, 0 to 100 percent.")
    ]
    drop_off_without_percent: Annotated[
        int, means("Those under way of whom no percentage was reported.")
    ]
    links: Links


class PackageCounts(Struct, frozen=True, kw_only=True):
    """How many purchases of packages came how far: complete, incomplete and unresolved add up to them."""

    purchases: Annotated[int, means("Purchases of a package.")]
    complete: Annotated[int, means("Of them, with every class completed.")]
    share_complete: Annotated[float | None, means("complete / purchases; null: none was bought.")]
    incomplete: Annotated[int, means("Of them, with a class that was not completed.")]
    unresolved: Annotated[
        int, means("Of them, of a package that is not published yet: its classes are not known.")
    ]
    after_sales_end: Annotated[int, means("Of them, paid at or after the package sales end.")]


ClassCode = Annotated[str, means("The class, unique within its partner.")]
Partner = Annotated[str, means("The platform that sold the classes.")]
Title = Annotated[str | None, means("The title; null: not published.")]
TaughtBy = Annotated[str | None, means("Who teaches the class; null: not published.")]


class ClassEvaluation(Figures, frozen=True):
    """One class, evaluated: all that was purchased of it, or what was purchased in one package."""

    partner: Partner
    class_code: ClassCode
    title: Title
    institution: TaughtBy
    move_on: Annotated[MoveOn, means("The rule by which a purchased class is satisfied.")]
    mastery_score: Annotated[float, means("The scaled score from which a result passes.")]


class PackageFigures(PackageCounts, frozen=True):
    """One package: its purchases."""

    partner: Partner
    package_code: Annotated[str, means("The package, unique within its partner.")]
    title: Title


class PackageConflict(Struct, frozen=True):
    """A publication of a package that names other classes than the earliest one: it does not count."""

    published_at: Annotated[datetime, means("The time of the publication.")]
    title: Annotated[str, means("The title in it.")]
    class_codes: Annotated[list[str], means("The classes that it names.")]


class PackageEvaluation(PackageFigures, frozen=True, kw_only=True):
    """One package: its purchases, and its classes within these purchases."""

    conflicts: Annotated[
        list[PackageConflict],
        means("Publications with other classes than the earliest one; they do not count."),
    ]
    money: Annotated[
        EvaluationMoney,
        means("What was paid for these purchased classes, and for the package while unresolved."),
    ]
    classes: Annotated[list[ClassEvaluation], means("Each class, within purchases of the package.")]
    links: Links


class CompletedOfStarted(Struct, frozen=True, gc=False):
    """How many of those that the partners reported anything on were completed: what institutions are ranked by.

    Silence is the partners', so it is left out.
    """

    share: Annotated[float, means("completed / started, 0 to 1.")]
    low: Annotated[float, means("Lower end of its 95 percent interval (Wilson), 0 to 1.")]
    high: Annotated[float, means("Upper end of its 95 percent interval (Wilson), 0 to 1.")]
    few: Annotated[bool, means(f"Fewer than {FEW} were started: the share says little.")]


def completed_of_started(completed: int, started: int) -> CompletedOfStarted | None:
    """The share with its interval; None where nothing was started."""
    of = share(completed, started)
    return None if of is None else CompletedOfStarted(of.share, of.low, of.high, of.few)


Ranked = Annotated[
    CompletedOfStarted | None, means("Completed among started; null: nothing was started.")
]


class InstitutionEvaluation(Figures, frozen=True):
    """Every class that an institution teaches, evaluated together, across partners."""

    institution: Annotated[str, means("The training provider.")]
    partners: Annotated[
        list[str], means("Partners that published a class of it, bought there or not.")
    ]
    classes: Annotated[int, means("Classes of it that partners published, bought or not.")]
    completed_of_started: Ranked


class ClassSilence(Struct, frozen=True):
    """One class on which a partner is silent. ``evaluation`` says since when."""

    class_code: ClassCode
    title: Title
    institution: TaughtBy
    purchased: Annotated[int, means("Purchased classes.")]
    never_reported: Annotated[int, means("Of them, those the partner never reported on.")]
    evaluation: Annotated[str, means("Path of the class's evaluation.")]


class PartnerFigures(Figures, frozen=True):
    """Everything that a partner sold, evaluated together."""

    partner: Partner
    name: Annotated[str, means("The partner's display name.")]


class PartnerEvaluation(PartnerFigures, frozen=True, kw_only=True):
    """Everything that a partner sold, evaluated together; and where it is silent."""

    packages: Annotated[PackageCounts, means("Purchases of packages.")]
    silence_by_class: Annotated[
        list[ClassSilence], means("Classes with silence, the most silent first; at most 250.")
    ]
    sequence: Annotated[
        Sequence | None, means("Gaps in what arrived; null when asked as of a time.")
    ]


class ClassHeadline(Counts, frozen=True):
    """One class in the list."""

    partner: Partner
    class_code: ClassCode
    title: Title
    institution: TaughtBy
    evaluation: Annotated[str, means("Path of its evaluation.")]


class PackageHeadline(Struct, frozen=True, kw_only=True):
    """One package in the list: its purchases, complete, incomplete and unresolved ones, and what was paid."""

    partner: Partner
    package_code: Annotated[str, means("The package, unique within its partner.")]
    title: Title
    class_codes: Annotated[
        list[str] | None, means("The classes that it is composed of; null: not published.")
    ]
    sold: Annotated[int, means("Purchases of the package.")]
    complete: Annotated[int, means("Of them, with every class completed.")]
    share_complete: Annotated[float | None, means("complete / sold; null: none was sold.")]
    incomplete: Annotated[int, means("Of them, with a class that was not completed.")]
    unresolved: Annotated[
        int, means("Of them, sold while nobody published the package: its classes are not known.")
    ]
    after_sales_end: Annotated[int, means("Of them, paid at or after the package sales end.")]
    money: Annotated[
        EvaluationMoney,
        means("What was paid for the purchased classes in it, also in other purchases, in rupiah."),
    ]
    conflicts: Annotated[
        list[PackageConflict],
        means("Publications with other classes than the earliest one; they do not count."),
    ]
    evaluation: Annotated[str, means("Path of its evaluation.")]


class InstitutionHeadline(Counts, frozen=True):
    """One institution in the list."""

    institution: Annotated[str, means("The training provider.")]
    partners: Annotated[
        list[str], means("Partners that published a class of it, bought there or not.")
    ]
    classes: Annotated[int, means("Classes of it that partners published, bought or not.")]
    completed_of_started: Ranked
    evaluation: Annotated[str, means("Path of its evaluation.")]


class PartnerHeadline(Counts, frozen=True):
    """One partner in the list."""

    partner: Partner
    name: Annotated[str, means("The partner's display name.")]
    evaluation: Annotated[str, means("Path of its evaluation.")]
