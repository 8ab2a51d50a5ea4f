"""The season's evaluation: which sections are told, in which order."""

from collections.abc import Iterable, Mapping
from typing import Any

from domain.vocabulary import PARTNERS
from services.language.language import Language
from services.report.auditors import auditors, question
from services.report.course import assessments, funnel
from services.report.document import Block, Document, Figure, Figures, Paragraph, Section
from services.report.doubts import flags, silence
from services.report.figures import Gathered, together
from services.report.institutions import institutions
from services.report.known import known, last_recorded
from services.report.method import method
from services.report.money import money
from services.report.over_time import over_time
from services.report.packages import packages
from services.report.sentences import QUESTION, of_attendance, of_classes, of_packages, of_paid
from services.report.words import share


def season(
    of: Gathered, *, partner: str | None, as_of: str | None, made: str, language: Language
) -> Document:
    """The report; ``as_of`` as it was asked for, ``made`` the time of writing (RFC 3339)."""
    everything = together(of.partners)
    of_all = of.partners, everything, language
    say = language.say
    sections = [
        Section(
            say("Paid, and not attended or not finished"),
            list(auditors(of, everything, language)),
            ends_page=True,
        ),
        Section(language.gettext(QUESTION), list(_in_short(everything, language))),
        Section(say("In rupiah"), list(money(of.partners, of.institutions, everything, language))),
        Section(say("In rupiah, over time"), list(over_time(of.series, language))),
        Section(say("From purchase to the end"), list(funnel(*of_all))),
        Section(say("Packages"), list(packages(*of_all))),
        Section(say("Assessments and reviews"), list(assessments(*of_all))),
        Section(say("Silence"), list(silence(*of_all))),
        Section(say("What does not fit together"), list(flags(*of_all))),
        Section(say("Institutions"), list(institutions(of.institutions, language))),
        Section(say("What was known, and when"), list(known(of, language))),
        Section(say("Method"), list(method(of, partner=partner, as_of=as_of, language=language))),
    ]
    of_each = [each["money"] for each in of.partners]
    answer = [
        of_paid(everything["money"], language),
        of_attendance(everything["money"], of_each, language),
    ]
    return Document(
        title=question(of.as_of, language),
        answer=" ".join(filter(None, answer)),
        subtitle=say(
            "Evaluation of the season: %(whose)s",
            whose=say("all partners") if partner is None else PARTNERS[partner],
        ),
        facts=list(_facts(of, everything, made, language)),
        sections=sections,
        language=language.code,
    )


def _facts(
    of: Gathered, everything: Mapping[str, Any], made: str, language: Language
) -> Iterable[str]:
    yield language.say("What had happened by %(when)s", when=language.long_moment(of.as_of))
    yield language.say(
        "Known: all that was recorded up to %(when)s", when=last_recorded(of, language)
    )
    yield language.say("Written %(when)s", when=language.long_moment(made))
    yield language.say(
        "%(count)s purchased classes", count=language.number(everything["purchased"])
    )
    if of.events_behind is None:
        yield language.say("Whether records wait in Kafka is not known")
    elif of.events_behind:
        yield language.say(
            "%(count)s records or changes waited and are not in it",
            count=language.number(of.events_behind),
        )


def _in_short(of: Mapping[str, Any], language: Language) -> Iterable[Block]:
    bought = of["purchased"]
    yield Paragraph(of_classes(of, language))
    yield Figures(
        [
            Figure(language.say("purchased classes"), language.number(bought)),
            *(
                Figure(
                    language.words(name),
                    share(of[name], bought, language),
                    language.say(
                        "%(part)s of %(all)s",
                        part=language.number(of[name]),
                        all=language.number(bought),
                    ),
                )
                for name in ("completed", "assessed", "passed", "satisfied", "never_reported")
            ),
        ]
    )
    passed = language.say(
        "%(passed)s of %(bought)s purchased classes (%(share)s) were passed; that is %(of_assessed)s of the "
        "%(assessed)s that were assessed. On %(silent)s (%(silent_share)s) the partner never reported a word: that is "
        "silence, not failure, and is shown apart.",
        passed=language.number(of["passed"]),
        bought=language.number(bought),
        share=share(of["passed"], bought, language),
        of_assessed=share(of["passed"], of["assessed"], language),
        assessed=language.number(of["assessed"]),
        silent=language.number(of["never_reported"]),
        silent_share=share(of["never_reported"], bought, language),
    )
    yield Paragraph(f"{passed} {of_packages(of['packages'], language)}")
