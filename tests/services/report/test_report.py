"""The report tells the API's figures; HTML and PDF are made from the same document and run nothing."""

import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from services.report.document import (
    Chart,
    Commands,
    Document,
    Figure,
    Figures,
    Paragraph,
    Section,
    Table,
    Terms,
)
from services.report.figures import ADDED, together
from services.report.html import html
from services.report.pdf import pdf
from services.report.words import decimal, share

EVIL = (
    '</style><script>alert(1)</script> #panic() $x$ *a* _b_ \\ "quoted" `code` @ref <label> // no'
)


def hostile() -> Document:
    chart = Chart('<svg xmlns="http://www.w3.org/2000/svg" viewBox="0 0 9 9"/>', EVIL)
    return Document(
        EVIL,
        EVIL,
        EVIL,
        [EVIL],
        [
            Section(
                EVIL,
                [
                    Paragraph(EVIL),
                    Paragraph(EVIL, quiet=True),
                    Figures([Figure(EVIL, EVIL, EVIL), Figure("a", "b")]),
                    chart,
                    Table([EVIL, "n"], [[EVIL, "1"], ["All", "2"]], texts=[1], total=True),
                    Terms([(EVIL, EVIL)]),
                    Commands([EVIL, "tuntas"]),
                ],
            )
        ],
    )


def test_texts_are_never_markup_in_html() -> None:
    page = html(hostile()).decode()
    assert "<script" not in page
    assert page.count("</style>") == 1
    assert unescape(page).count(EVIL) >= 15


def test_texts_are_never_markup_in_pdf() -> None:
    assert pdf(hostile()).startswith(b"%PDF-")


def test_the_html_file_fetches_nothing() -> None:
    page = html(hostile()).decode()
    assert re.findall(r"""(?:src|href)=["'](?!#)""", page) == []
    assert "url(" not in page
    assert "@import" not in page
    assert "default-src 'none'" in page


def part(**changes: Any) -> Mapping[str, Any]:
    plain = dict.fromkeys(ADDED, 0)
    return plain | {
        "score_histogram": [0] * 10,
        "drop_off": [0] * 10,
        "rating_distribution": {"5": 0},
        "silence": {"old": 0},
        "flags": {"f": 0},
        "packages": dict.fromkeys(
            ["purchases", "complete", "incomplete", "unresolved", "after_sales_end"], 0
        ),
        "score_mean": None,
        "gain_mean": None,
        "rating_mean": None,
        **changes,
    }


def test_partners_add_up_and_means_are_weighted() -> None:
    one = part(
        purchased=3,
        reviewed=1,
        rating_mean=5.0,
        score_histogram=[1] + [0] * 9,
        score_mean=0.05,
        flags={"f": 2},
    )
    other = part(
        purchased=4,
        reviewed=3,
        rating_mean=1.0,
        score_histogram=[0] * 9 + [3],
        score_mean=0.95,
        silence={"old": 1},
    )
    of = together([one, other, part()])
    assert of["purchased"] == 7
    assert of["flags"] == {"f": 2}
    assert of["silence"] == {"old": 1}
    assert of["score_histogram"] == [1, *[0] * 8, 3]
    assert of["rating_mean"] == 2.0
    assert of["score_mean"] == pytest.approx((0.05 + 3 * 0.95) / 4)
    assert of["gain_mean"] is None


def test_nothing_has_no_share_and_no_mean() -> None:
    assert share(0, 0) == "–"
    assert share(1, 3) == "33.3%"
    assert decimal(None) == "–"
    assert decimal(1234.5) == "1,234.50"
