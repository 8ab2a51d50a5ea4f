"""Templates and what they need: texts, numbers and times in the reader's language, and the headers of a page."""

from functools import cache
from http import HTTPStatus
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from domain.share import FEW
from domain.vocabulary import PARTNERS
from services.http.pages.context import Visit, context_of
from services.http.pages.periods import before, behind, latest_from
from services.http.pages.story import story
from services.http.static_files import static_file
from services.language.language import NAMES, Language, language
from services.language.meanings import MEANINGS
from services.language.sentences import sentence_in
from services.report.sentences import of_classes, of_money_in_short

STYLE: Final = static_file("services.http.pages", "static/tuntas.css")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "Vary": "Accept-Language, Cookie",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

CUT_OFF: Final = "2020-12-31"
"""The auditors' cut-off: what had happened by the end of this day."""


MINUS: Final = "\N{MINUS SIGN}"

RUPIAH: Final = {"amount", "price"}
WORDED: Final = {"kind", "mode", "move_on"}
"""Fields of events whose values are amounts, and those whose values are words of the contract."""


def render(template: str, of: Language, **context: Any) -> str:
    """A page as HTML."""
    return _environment(of.code).get_template(template).render(**context)


def page_response(body: str, of: Language, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """HTML with the headers of every page."""
    headers = {**HEADERS, "Content-Language": of.code}
    return Response(body, status, headers, "text/html; charset=utf-8")


def page(visit: Visit, template: str, **context: Any) -> Response:
    """The page that a visit asked for, of a template that knows what was asked, and ``context``."""
    of = visit.language
    return page_response(render(template, of, **{**context_of(visit), **context}), of)


class _Said:
    """What an answer holds, as it is said in one language."""

    def __init__(self, of: Language) -> None:
        self._language = of

    def when(self, text: str | None) -> Markup:
        """A time of the answer for people in Jakarta, and for programs as it is."""
        if text is None:
            return Markup("–")
        return Markup('<time datetime="{}">{}</time>').format(text, self._language.moment(text))

    def day(self, text: str | None) -> Markup:
        """As ``when``, the day alone."""
        if text is None:
            return Markup("–")
        return Markup('<time datetime="{}">{}</time>').format(text, self._language.day(text))

    def grown(self, value: int, is_rupiah: bool = False) -> str:
        """By how much something grew, with its sign."""
        of = self._language
        text = of.rupiah(abs(value)) if is_rupiah else of.number(abs(value))
        return f"{'+' if value > 0 else MINUS if value else ''}{text}"

    def told(self, sentence: str) -> Markup:
        """A sentence that is answered in English; where it is not known in this language, marked as English."""
        code = self._language.code
        said = sentence_in(code, sentence)
        if said is not None:
            return marked(said)
        return Markup('<span lang="en">{}</span>').format(marked(sentence))

    def as_text(self, value: Any, name: str = "") -> str:
        """A value of an event's data in words; ``name``: what it is of."""
        words = self._language.words
        if isinstance(value, list):
            return "; ".join(self.as_text(part, name) for part in value)
        if isinstance(value, dict):
            return ", ".join(
                f"{words(key)} {self.as_text(part, key)}" for key, part in value.items()
            )
        if name in RUPIAH and isinstance(value, int):
            return self._language.rupiah(value)
        if name in WORDED and isinstance(value, str):
            return words(value)
        return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def marked(text: str) -> Markup:
    """A sentence whose names stand between backticks."""
    parts = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 and number < len(parts) - 1 else part
        for number, part in enumerate(parts)
    )


def width(part: float, most: float) -> str:
    """How long a bar is, in percent of the longest."""
    return f"{min(part / most, 1) * 100:.1f}%" if most else "0"


@cache
def _environment(code: str) -> Environment:
    of = language(code)
    said = _Said(of)
    made = Environment(
        loader=PackageLoader("services.http.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.policies["ext.i18n.trimmed"] = True
    made.install_gettext_callables(  # type: ignore[attr-defined]
        of.gettext, of.ngettext, newstyle=True
    )
    made.filters.update(
        number=of.number,
        percent=of.percent,
        rupiah=of.rupiah,
        share=of.share,
        words=of.words,
        date=of.date,
        month=of.month,
        grown=said.grown,
        when=said.when,
        day=said.day,
        as_text=said.as_text,
        marked=marked,
        told=said.told,
    )
    made.globals.update(
        PARTNERS=PARTNERS,
        CUT_OFF=CUT_OFF,
        FEW=FEW,
        NAMES=NAMES,
        MEANINGS=MEANINGS,
        LANGUAGE=code,
        STYLE_PATH=STYLE.path,
        answer_of_classes=lambda counts: of_classes(counts, of),
        answer_of_money=lambda money: of_money_in_short(money["net"], money["completed"], of),
        story=story,
        latest_from=latest_from,
        before=before,
        behind=behind,
        width=width,
        viewer=None,
    )
    return made
