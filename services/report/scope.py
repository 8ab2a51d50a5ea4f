"""The evaluation of one class, or of one institution, partner by partner: the season's sections that speak of it."""

from collections.abc import Sequence

from services.language.language import Language
from services.report.auditors import question
from services.report.course import assessments, funnel
from services.report.document import Document, Paragraph, Section
from services.report.doubts import flags, silence
from services.report.figures import Answer, together
from services.report.money import money
from services.report.over_time import over_time
from services.report.sentences import QUESTION, of_attendance, of_classes, of_paid


def scope(
    about: str,
    partners: Sequence[Answer],
    series: Sequence[Sequence[Answer]],
    *,
    made: str,
    language: Language,
) -> Document:
    """The report; ``about`` names the class or institution, ``made`` is the time of writing (RFC 3339).

    ``partners``: its evaluation at each partner, whose display name is its ``name``; ``series``: each by month.
    """
    each = [{**of, "sequence": None} for of in partners]
    everything = together(each)
    of_all = each, everything, language
    say = language.say
    as_of = max(of["as_of"] for of in partners)
    rupiah = everything["money"]
    facts = [
        say("What had happened by %(when)s", when=language.long_moment(as_of)),
        say("Written %(when)s", when=language.long_moment(made)),
        say("%(count)s purchased classes", count=language.number(everything["purchased"])),
    ]
    answer = [
        of_paid(rupiah, language),
        of_attendance(rupiah, [of["money"] for of in each], language),
    ]
    return Document(
        title=question(as_of, language),
        answer=" ".join(filter(None, answer)),
        subtitle=say("Evaluation: %(whose)s", whose=about),
        facts=facts,
        sections=[
            Section(language.gettext(QUESTION), [Paragraph(of_classes(everything, language))]),
            Section(say("In rupiah"), list(money(each, [], everything, language))),
            Section(say("In rupiah, over time"), list(over_time(series, language))),
            Section(say("From purchase to the end"), list(funnel(*of_all))),
            Section(say("Assessments and reviews"), list(assessments(*of_all))),
            Section(say("Silence"), list(silence(*of_all))),
            Section(say("What does not fit together"), list(flags(*of_all))),
        ],
        language=language.code,
    )
