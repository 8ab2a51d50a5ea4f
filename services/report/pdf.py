"""A report as PDF: typst sets the same document that HTML is made from, with the typefaces that it brings."""

from importlib.resources import files
from typing import Final

import msgspec

from services.report.document import Document

TYPEFACE: Final = "Libertinus Serif"


def pdf(of: Document) -> bytes:
    """The file. Blocks for about a second."""
    import typst  # noqa: PLC0415 - 80 MB that other commands need not load

    template = files("services.report").joinpath("templates/report.typ").read_bytes()
    set_in: bytes = typst.compile(
        template,
        ignore_system_fonts=True,
        sys_inputs={"typeface": TYPEFACE, "document": msgspec.json.encode(of).decode()},
    )
    return set_in
