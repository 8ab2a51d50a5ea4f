"""Every page on paper: nothing is cut off at its edge, and the first sheet begins with what the page is about."""

import re
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.services.http.browser.looking import SHOTS, Look, visitor

PAPER: Final = (718, 1046)
"""A4 in CSS pixels, within the margins of `MARGIN`."""
MARGIN: Final = "10mm"
MOST_SHEETS: Final = 6
BEGINS_WITHIN: Final = 500

BEYOND = """[...document.querySelectorAll('body *')].filter(each => {
  const box = each.getBoundingClientRect();
  return box.width && box.right > innerWidth + 1 && getComputedStyle(each).visibility !== 'hidden'
    && !each.closest('svg');
}).map(each => each.outerHTML.slice(0, 120))"""


@pytest.mark.long
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_fits_its_sheets(
    browser: Browser, address: str, paths: dict[str, str], language: str
) -> None:
    """The sheets are kept as PDF, for people to look at."""
    beyond: dict[str, list[str]] = {}
    with visitor(browser, address, Look(language, "dark", "desktop"), width=PAPER[0]) as seen:
        seen.log_in()
        for name, path in paths.items():
            seen.go(path)
            margin = dict.fromkeys(("top", "right", "bottom", "left"), MARGIN)
            printed = seen.page.pdf(
                path=SHOTS / f"{name}-{language}-print.pdf", format="A4", margin=margin
            )
            sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
            seen.page.emulate_media(media="print")
            cut = seen.page.evaluate(BEYOND)
            height = seen.page.evaluate("document.documentElement.scrollHeight")
            begins = seen.page.locator("main h1").first.bounding_box()
            seen.page.emulate_media(media="null")
            if cut or sheets > MOST_SHEETS or sheets > height / PAPER[1] * 1.5 + 1:
                beyond[name] = [f"{sheets} sheets of {height} pixels", *cut]
            assert begins is not None, name
            assert begins["y"] < BEGINS_WITHIN, name
    assert beyond == {}
