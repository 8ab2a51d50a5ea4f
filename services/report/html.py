"""A report as one HTML file: nothing is fetched from anywhere, nothing in it runs."""

from typing import Final

from jinja2 import Environment, PackageLoader, StrictUndefined
from markupsafe import Markup

from services.report.document import Document


def html(of: Document) -> bytes:
    """The file."""
    return _TEMPLATES.get_template("report.html").render(document=of, drawing=_drawing).encode()


def _drawing(svg: str) -> Markup:
    return Markup(svg)  # noqa: S704 - charts escape their texts


_TEMPLATES: Final = Environment(
    loader=PackageLoader("services.report"),
    autoescape=True,
    undefined=StrictUndefined,
    trim_blocks=True,
    lstrip_blocks=True,
)
