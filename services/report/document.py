"""What a report is made of: sections of paragraphs, figures, charts and tables. HTML and PDF are made from the same."""

from collections.abc import Sequence
from typing import TypeAlias

from msgspec import Struct

from services.language.catalogue import SOURCE


class Paragraph(Struct, frozen=True, tag="paragraph"):
    """Running text; ``quiet`` for a note."""

    text: str
    quiet: bool = False


class Figure(Struct, frozen=True):
    """One number to look at first."""

    name: str
    value: str
    note: str = ""


class Figures(Struct, frozen=True, tag="figures"):
    """A few numbers side by side."""

    of: Sequence[Figure]


class Chart(Struct, frozen=True, tag="chart"):
    """One drawing (services/report/charts.py); ``caption`` says in words what it shows."""

    svg: str
    caption: str


class Table(Struct, frozen=True, tag="table"):
    """Rows of texts. The first column names the row, the others are numbers unless among ``texts``.

    ``total``: the last row sums up the others.
    """

    header: Sequence[str]
    rows: Sequence[Sequence[str]]
    texts: Sequence[int] = ()
    total: bool = False


class Terms(Struct, frozen=True, tag="terms"):
    """Words and what they mean."""

    of: Sequence[tuple[str, str]]


class Commands(Struct, frozen=True, tag="commands"):
    """Lines for a terminal."""

    lines: Sequence[str]


Block: TypeAlias = Paragraph | Figures | Chart | Table | Terms | Commands


class Section(Struct, frozen=True):
    """A heading and what stands under it. ``ends_page``: on paper what follows begins on a new page."""

    title: str
    blocks: Sequence[Block]
    ends_page: bool = False


class Document(Struct, frozen=True):
    """A whole report. The title asks, ``answer`` is the answer in a sentence.

    ``facts`` stand under them: what it is about, as of when, and what was known. ``language`` is that of its texts.
    """

    title: str
    answer: str
    subtitle: str
    facts: Sequence[str]
    sections: Sequence[Section]
    language: str = SOURCE
