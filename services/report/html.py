"""A report as one HTML file: nothing is fetched from anywhere, nothing in it runs."""

from functools import cache

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.language.language import language
from services.report.document import Document


def html(of: Document) -> bytes:
    """The file."""
    template = _templates(of.language).get_template("report.html")
    return template.render(document=of, drawing=_drawing).encode()


def _drawing(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - charts escape their texts


@cache
def _templates(code: str) -> Environment:
    of = language(code)
    made = Environment(
        loader=PackageLoader("services.report"),
        autoescape=True,
        undefined=StrictUndefined,
        trim_blocks=True,
        lstrip_blocks=True,
        extensions=["jinja2.ext.i18n"],
    )
    made.install_gettext_callables(  # type: ignore[attr-defined]
        of.gettext, of.ngettext, newstyle=True
    )
    return made
