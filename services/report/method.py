"""How the figures of a report came about, and how to get them again."""

from collections.abc import Iterable
from typing import Final

from services.language.catalogue import SOURCE
from services.language.instants import instant
from services.language.language import Language
from services.language.marking import to_say
from services.report.document import Block, Commands, Paragraph, Terms
from services.report.figures import Gathered

DEFINITIONS: Final = (
    (
        to_say("Purchased class"),
        to_say(
            "one class of one participant at one partner with at least one purchase. However often it was bought, it "
            "counts once; refunded ones count, too."
        ),
    ),
    (
        to_say("Completed"),
        to_say(
            "the partner reported a completion. A percentage of 100 or a certificate alone is none. Finished means the "
            "same."
        ),
    ),
    (
        to_say("Attended"),
        to_say(
            "the partner reported that the participant was at a meeting of the class. Evidence, never a completion."
        ),
    ),
    (
        to_say("Started"),
        to_say("the partner reported anything at all about it, whether it was completed or not."),
    ),
    (
        to_say("Never reported"),
        to_say("not one word from the partner: silence, which is not failure."),
    ),
    (
        to_say("Assessed"),
        to_say(
            "a post-test or a performance task is known. Pre-tests and assignments are recorded and do not assess."
        ),
    ),
    (
        to_say("Passed"),
        to_say(
            "one of these results passed: by the partner's verdict, else by the class's mastery score."
        ),
    ),
    (
        to_say("Satisfied"),
        to_say(
            "the class's own rule over completion and assessment (move_on) holds; both are wanted where it has none."
        ),
    ),
    (
        to_say("Score"),
        to_say(
            "the best result, (raw − min) / (max − min), from 0 to 1. Gain: best result less the earliest pre-test."
        ),
    ),
    (to_say("Rating"), to_say("of several reviews the latest, 1 to 5.")),
    (
        to_say("Complete package"),
        to_say(
            "every class of the package was completed. Incomplete: some class of it was not. Unresolved: the package "
            "is not published, so its classes are not known. Each package purchase is one of the three."
        ),
    ),
    (
        to_say("As of"),
        to_say(
            "only what had happened by then counts: events by their own time, withdrawals by theirs, and the catalogue "
            "as it stood. When something was reported plays no part."
        ),
    ),
)


def method(
    of: Gathered, *, partner: str | None, as_of: str | None, language: Language
) -> Iterable[Block]:
    """The section; ``as_of`` as it was asked for."""
    yield Terms([(language.say(term), language.say(meaning)) for term, meaning in DEFINITIONS])
    yield Paragraph(_records(of, partner, language))
    asked = language.say(
        "The figures are answers of /v1/partners/…/evaluation, /v1/partners/…/series and /v1/institutions. Every "
        "figure leads on: from there to the list of purchased classes, from each of them to its history, and from each "
        "event to topic, partition and offset. Once more, by %(when)s:",
        when=language.long_moment(of.as_of),
    )
    kept = (
        language.say("They are read from sums that follow every change.")
        if as_of is None
        else language.say(
            "They are read from sums of what each day changed, or judged from the evidence."
        )
    )
    yield Paragraph(f"{kept} {asked}")
    at = instant(of.as_of).isoformat(timespec="microseconds").replace("+00:00", "Z")
    whose = f" --partner {partner}" if partner else ""
    said = "" if language.code == SOURCE else f" --language {language.code}"
    yield Commands(
        [
            f"tuntas report --as-of {at}{whose}{said} --out report.html --out report.pdf",
            f"tuntas export purchased-classes --as-of {at}{whose} --out purchased-classes.parquet",
            f"tuntas export package-purchases --as-of {at}{whose} --out package-purchases.csv",
        ]
    )
    yield Paragraph(
        language.say(
            "What partners send later about earlier times changes the answer as of the same time: it is about what "
            "happened, not about what was known."
        ),
        quiet=True,
    )


def _records(of: Gathered, partner: str | None, language: Language) -> str:
    totals = of.intake["totals"]
    text = (
        to_say(
            "Behind the figures stand %(read)s Kafka records that were read from this partner: %(accepted)s accepted, "
            "%(duplicate)s repeated and %(rejected)s rejected, on %(lanes)s topic partitions; %(waiting)s Repeated "
            "records change nothing. Rejected ones are in no figure; /v1/rejections says what to correct in each."
        )
        if partner
        else to_say(
            "Behind the figures stand %(read)s Kafka records that were read: %(accepted)s accepted, %(duplicate)s "
            "repeated and %(rejected)s rejected, on %(lanes)s topic partitions; %(waiting)s Repeated records change "
            "nothing. Rejected ones are in no figure; /v1/rejections says what to correct in each."
        )
    )
    return language.say(
        text,
        read=language.number(totals["offsets_read"]),
        **{name: language.number(totals[name]) for name in ("accepted", "duplicate", "rejected")},
        lanes=language.number(len(of.intake["items"])),
        waiting=_waiting(totals["lag"], language),
    )


def _waiting(lag: int | None, language: Language) -> str:
    if lag is None:
        return language.say("how many were waiting to be read is not known.")
    return language.say("%(count)s were waiting to be read.", count=language.number(lag))
