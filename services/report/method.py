"""How the figures of a report came about, and how to get them again."""

from collections.abc import Iterable
from typing import Final

from services.language.instants import instant
from services.report.document import Block, Commands, Paragraph, Terms
from services.report.figures import Gathered
from services.report.words import day_and_time, number

DEFINITIONS: Final = (
    (
        "Purchased class",
        """one class of one participant at one partner with at least one purchase. However often it was bought, it
        counts once; refunded ones count, too.""",
    ),
    (
        "Completed",
        "the partner reported a completion. A percentage of 100 or a certificate alone is none.",
    ),
    ("Started", "the partner reported anything at all about it, whether it was completed or not."),
    ("Never reported", "not one word from the partner: silence, which is not failure."),
    (
        "Assessed",
        """a post-test or a performance task is known. Pre-tests and assignments are recorded and do not assess.""",
    ),
    (
        "Passed",
        "one of these results passed: by the partner's verdict, else by the class's mastery score.",
    ),
    (
        "Satisfied",
        """the class's own rule over completion and assessment (move_on) holds; both are wanted where it has none.""",
    ),
    (
        "Score",
        """the best result, (raw − min) / (max − min), from 0 to 1. Gain: best result less the earliest pre-test.""",
    ),
    ("Rating", "of several reviews the latest, 1 to 5."),
    (
        "Complete package",
        """every class of the package was completed. Incomplete: some class of it was not. Unresolved: the package is
        not published, so its classes are not known. Each package purchase is one of the three.""",
    ),
    (
        "As of",
        """only what had happened by then counts: events by their own time, withdrawals by theirs, and the catalogue as
        it stood. When something was reported plays no part.""",
    ),
)


def method(of: Gathered, *, partner: str | None, as_of: str | None) -> Iterable[Block]:
    """The section; ``as_of`` as it was asked for."""
    totals = of.intake["totals"]
    yield Terms([(term, " ".join(meaning.split())) for term, meaning in DEFINITIONS])
    read = number(totals["offsets_read"])
    yield Paragraph(
        f"Behind the figures stand {read} Kafka records that were read{' from this partner' if partner else ''}: "
        f"{number(totals['accepted'])} accepted, {number(totals['duplicate'])} repeated and "
        f"{number(totals['rejected'])} rejected, on {number(len(of.intake['items']))} topic partitions; "
        f"{_waiting(totals['lag'])} Repeated records change nothing. Rejected ones are in no "
        "figure; /v1/rejections says what to correct in each."
    )
    how = "added up with every change" if as_of is None else "judged again from the evidence"
    yield Paragraph(
        f"The figures are answers of /v1/partners/…/evaluation and /v1/institutions, {how}. Every figure leads on: "
        "from there to the list of purchased classes, from each of them to its history, and from each event to topic, "
        f"partition and offset. Once more, by {day_and_time(of.as_of)}:"
    )
    at = instant(of.as_of).isoformat(timespec="microseconds").replace("+00:00", "Z")
    whose = f" --partner {partner}" if partner else ""
    yield Commands(
        [
            f"tuntas report --as-of {at}{whose} --out report.html --out report.pdf",
            f"tuntas export purchased-classes --as-of {at}{whose} --out purchased-classes.parquet",
            f"tuntas export package-purchases --as-of {at}{whose} --out package-purchases.csv",
        ]
    )
    yield Paragraph(
        "What partners send later about earlier times changes the answer as of the same time: it is about what "
        "happened, not about what was known.",
        quiet=True,
    )


def _waiting(lag: int | None) -> str:
    if lag is None:
        return "how many were waiting to be read is not known."
    return f"{number(lag)} were waiting to be read."
