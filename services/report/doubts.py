"""Where nobody knows, and what does not fit together: silence by age, gaps in running numbers, flags."""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any

from domain.silence import AGES
from domain.vocabulary import FLAGS
from services.language.language import Language
from services.report import charts
from services.report.charts import Bar
from services.report.document import Block, Chart, Paragraph, Table
from services.report.figures import Answer
from services.report.words import share


def silence(
    partners: Sequence[Answer], of: Mapping[str, Any], language: Language
) -> Iterable[Block]:
    """The section, from the partners' evaluations and all of them together."""
    yield Paragraph(
        language.say(
            "Purchased classes on which the partner never reported a word, by the age of the purchase. Institution and "
            "partner have a day each to report, so silence up to two days is nothing to remark on."
        )
    )
    silent = of["never_reported"]
    ages = [name for name, _ in AGES]
    title = language.say(
        "Never reported, by age of the purchase, and their share of all never reported"
    )
    yield Chart(
        charts.bars(_bars(ages, of["silence"], silent, language), title, most=silent or 1), title
    )
    rows = [_silence_row(each["name"], each, language) for each in partners]
    if len(partners) > 1:
        rows.append(_silence_row(language.say("All"), of, language))
    yield Table(
        [
            language.say("Partner"),
            *(language.words(name) for name in ages),
            language.say("all"),
            language.say("all, of purchased"),
        ],
        rows,
        total=len(partners) > 1,
    )
    numbered = [
        each for each in partners if each["sequence"] and each["sequence"]["highest"] is not None
    ]
    if numbered:
        yield from _gaps(numbered, language)


def flags(partners: Sequence[Answer], of: Mapping[str, Any], language: Language) -> Iterable[Block]:
    """The section, from the partners' evaluations and all of them together."""
    yield Paragraph(
        language.say(
            "A flag marks a purchased class whose evidence does not fit together. It says what to look at, not what "
            "happened."
        )
    )
    title = language.say("Flagged purchased classes, and their share of purchased")
    yield Chart(charts.bars(_bars(FLAGS, of["flags"], of["purchased"], language), title), title)
    if len(partners) > 1:
        rows = [
            [each["name"], *(language.number(each["flags"][flag]) for flag in FLAGS)]
            for each in [*partners, {**of, "name": language.say("All")}]
        ]
        yield Table(
            [language.say("Partner"), *(language.words(flag) for flag in FLAGS)], rows, total=True
        )


def _bars(
    names: Iterable[str], counts: Mapping[str, int], whole: int, language: Language
) -> list[Bar]:
    return [
        Bar(
            language.words(name),
            counts[name],
            language.number(counts[name]),
            share(counts[name], whole, language),
        )
        for name in names
    ]


def _silence_row(name: str, of: Mapping[str, Any], language: Language) -> list[str]:
    return [
        name,
        *(language.number(of["silence"][age]) for age, _ in AGES),
        language.number(of["never_reported"]),
        share(of["never_reported"], of["purchased"], language),
    ]


def _gaps(numbered: Sequence[Answer], language: Language) -> Iterable[Block]:
    yield Paragraph(
        language.say(
            "Running numbers of partners that number their events: accepted events carry them, or rejected records "
            "only, or they are missing: they never arrived, or in a record that is unreadable (as of the time of "
            "writing)."
        )
    )
    yield Table(
        [
            language.say("Partner"),
            language.words("accepted"),
            language.words("rejected"),
            language.words("missing"),
            language.words("gaps"),
        ],
        [
            [
                each["name"],
                *(
                    language.number(each["sequence"][name])
                    for name in ("received", "rejected", "missing", "gap_count")
                ),
            ]
            for each in numbered
        ],
    )
