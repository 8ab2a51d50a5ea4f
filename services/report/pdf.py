"""A report as PDF: typst sets the same document that HTML is made from, with the typefaces that it brings."""

from importlib.resources import files
from typing import Final

import msgspec

from services.report.document import Document

TYPEFACE: Final = "Libertinus Serif"


def pdf(of: Document) -> bytes:
    """The file. Blocks for about a second."""
    import typst  # noqa: PLC0415 - 80 MB that other commands need not load

    set_in: bytes = typst.compile(_template(), ignore_system_fonts=True, sys_inputs=_inputs(of))
    return set_in


def last_pages(of: Document) -> list[int]:
    """The page of the PDF on which each section ends, from 1. Blocks as `pdf`."""
    import typst  # noqa: PLC0415

    found: str = typst.query(
        _template(), "<ends>", field="value", ignore_system_fonts=True, sys_inputs=_inputs(of)
    )
    return msgspec.json.decode(found, type=list[int])


def _template() -> bytes:
    return files("services.report").joinpath("templates/report.typ").read_bytes()


def _inputs(of: Document) -> dict[str, str]:
    return {"typeface": TYPEFACE, "document": msgspec.json.encode(of).decode()}
