"""The report tells the API's figures; HTML and PDF are made from the same document and run nothing."""

import asyncio
import re
from collections.abc import Mapping
from html import unescape
from typing import Any

import pytest

from services.language.language import language
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
from services.report.figures import ADDED, gather, together
from services.report.html import html
from services.report.known import known
from services.report.method import method
from services.report.pdf import pdf
from services.report.words import share

EN = language("en")
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
        "money": {"net": 0, "net_by_completion": {"completed": 0}},
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
        money={"net": 300, "net_by_completion": {"completed": 200}},
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
    assert of["money"] == {"net": 300, "net_by_completion": {"completed": 200}}
    assert of["silence"] == {"old": 1}
    assert of["score_histogram"] == [1, *[0] * 8, 3]
    assert of["rating_mean"] == 2.0
    assert of["score_mean"] == pytest.approx((0.05 + 3 * 0.95) / 4)
    assert of["gain_mean"] is None


def test_nothing_has_no_share_and_no_mean() -> None:
    assert share(0, 0, EN) == "–"
    assert share(1, 3, EN) == "33.3%"
    assert EN.number(None) == "–"
    assert EN.number(1234.5) == "1,234.50"


@pytest.mark.parametrize(
    ("freshness", "lag", "sentences"),
    [
        ({"events": 0, "seconds": 0.0}, 0, ["0 were waiting to be read."]),
        ({"events": 3, "seconds": 9.0}, 3, ["3 records or changes waited", "3 were waiting"]),
        (
            {"events": None, "seconds": None, "unknown": "Kafka does not answer"},
            None,
            [
                "How many records wait in Kafka is not known: Kafka does not answer.",
                "how many were waiting to be read is not known.",
            ],
        ),
    ],
)
def test_what_is_not_known_is_not_called_nothing(
    freshness: dict[str, Any], lag: int | None, sentences: list[str]
) -> None:
    lane = {
        "partner": "pintaria",
        "topic": "tuntas.partner.pintaria",
        "partition": 2,
        "log_id": "log",
        "is_current": False,
        "accepted": 5,
        "next_offset": 7,
        "last_read": "2020-06-30T17:00:01Z",
    }
    totals = {"offsets_read": 7, "accepted": 5, "duplicate": 1, "rejected": 1, "lag": lag}

    async def ask(route: str, path: Mapping[str, str], **query: str) -> Any:
        del path, query
        return {
            "partner_evaluation": {"as_of": "2021-01-01T00:00:00Z", "freshness": freshness},
            "institutions": {"items": [], "next_cursor": None},
            "partner_series": {"items": [], "next_cursor": None},
            "intake": {"items": [lane], "totals": totals},
        }[route]

    gathered = asyncio.run(gather(ask, ["pintaria"], None))
    told = [*known(gathered, EN), *method(gathered, partner=None, as_of=None, language=EN)]
    text = " ".join(block.text for block in told if isinstance(block, Paragraph))
    for sentence in sentences:
        assert sentence in text
    assert "recorded up to 1 July 2020, 00:00:01 WIB" in text
    (table,) = (block for block in told if isinstance(block, Table))
    assert table.rows[0][-1] == "2: 7 (of the earlier log log)"
