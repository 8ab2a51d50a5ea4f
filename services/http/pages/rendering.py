"""Templates and what they need: words, numbers and times for people, and the headers of a page."""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Any, Final

import msgspec
from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup
from starlette.responses import Response

from domain.share import FEW
from domain.vocabulary import PARTNERS
from services.http.static_files import static_file
from services.report import charts
from services.report.sentences import QUESTION, of_classes
from services.report.words import moment, words

STYLE: Final = static_file("services.http.pages", "static/tuntas.css")

HEADERS: Final = {
    "Content-Security-Policy": (
        "default-src 'none'; style-src 'self'; img-src data:; form-action 'self'; base-uri 'none'; "
        "frame-ancestors 'none'"
    ),
    "Cache-Control": "no-store",
    "Referrer-Policy": "no-referrer",
    "X-Content-Type-Options": "nosniff",
    "X-Frame-Options": "DENY",
}

CUT_OFF: Final = "2020-12-31"
"""The auditors' cut-off: what had happened by the end of this day."""


def render(template: str, **context: Any) -> str:
    """A page as HTML."""
    return _TEMPLATES.get_template(template).render(**context)


def page_response(body: str, status: HTTPStatus = HTTPStatus.OK) -> Response:
    """HTML with the headers of every page."""
    return Response(body, status, HEADERS, "text/html; charset=utf-8")


def number(value: float | None) -> str:
    """A whole number with thousands apart, others with two decimals; a dash for none."""
    if value is None:
        return "–"
    return f"{value:,}" if isinstance(value, int) else f"{value:,.2f}"


def share(part: int, whole: int) -> str:
    """A share in percent; empty of nothing."""
    return f"{part / whole:.1%}" if whole else ""


def when(text: str | None) -> Markup:
    """A time of the answer for people in Jakarta, and for programs as it is."""
    if text is None:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(text, moment(text))


def day(text: str | None) -> Markup:
    """As ``when``, the day alone."""
    if text is None:
        return Markup("–")
    return Markup('<time datetime="{}">{}</time>').format(text, moment(text)[:10])


def as_text(value: Any) -> str:
    """A value of an event's data in words."""
    if isinstance(value, list):
        return "; ".join(as_text(part) for part in value)
    if isinstance(value, dict):
        return ", ".join(f"{words(name)} {as_text(part)}" for name, part in value.items())
    return value if isinstance(value, str) else msgspec.json.encode(value).decode()


def marked(text: str) -> Markup:
    """A sentence whose names stand between backticks."""
    parts = text.split("`")
    return Markup().join(
        Markup("<code>{}</code>").format(part) if number % 2 and number < len(parts) - 1 else part
        for number, part in enumerate(parts)
    )


def chart_bars(of: Mapping[str, int], title: str, whole: int | None = None) -> Markup:
    """Horizontal bars of counts; with ``whole`` also their shares of it."""
    drawn = [
        charts.Bar(words(name), value, f"{value:,}", share(value, whole or 0))
        for name, value in of.items()
    ]
    return Markup(charts.bars(drawn, title, most=whole))  # noqa: S704 - charts escape their texts


def chart_stacks(of: Mapping[str, list[int]], parts: list[str], title: str) -> Markup:
    """Bars divided by shares."""
    drawn = [charts.Stack(name, values) for name, values in of.items()]
    return Markup(charts.stacks(drawn, parts, title))  # noqa: S704


def chart_columns(values: list[int], labels: list[str], title: str, axis: str) -> Markup:
    """Upright columns, for half of a page's width."""
    return Markup(charts.columns(values, labels, title, axis, width=480))  # noqa: S704


def _environment() -> Environment:
    made = Environment(
        loader=PackageLoader("services.http.pages"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
    )
    made.filters.update(
        number=number, share=share, words=words, when=when, day=day, as_text=as_text, marked=marked
    )
    made.globals.update(
        PARTNERS=PARTNERS,
        CUT_OFF=CUT_OFF,
        FEW=FEW,
        QUESTION=QUESTION,
        answer_of_classes=of_classes,
        STYLE_PATH=STYLE.path,
        chart_bars=chart_bars,
        chart_stacks=chart_stacks,
        chart_columns=chart_columns,
        viewer=None,
    )
    return made


_TEMPLATES: Final = _environment()
