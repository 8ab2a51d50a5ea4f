"""Every page on paper: nothing is cut off at its edge, and the first sheet begins with what the page is about."""

import re
from typing import Final

import pytest
from playwright.sync_api import Browser

from tests.services.http.browser.looking import SHOTS, Look, visitor

PAPER: Final = (703, 1017)
"""A4 within the margins of the style sheet, in CSS pixels."""
ACROSS: Final = 1032
"""As wide is a sheet on which a table of 13 columns and more lies across."""
MOST_SHEETS: Final = 6
BEGINS_WITHIN: Final = 500

MOST_SHRUNK: Final = 1.25
"""Chromium makes a sheet smaller by this much where something is wider; what is wider yet is cut off."""

WIDTH = """Math.max(...[...document.querySelectorAll('body *')].filter(each => !each.closest('svg'))
  .map(each => each.getBoundingClientRect().right))"""


@pytest.mark.long
@pytest.mark.parametrize("language", ["id", "en"])
def test_every_page_fits_its_sheets(
    browser: Browser, address: str, paths: dict[str, str], language: str
) -> None:
    """The sheets are kept as PDF, for people to look at."""
    beyond: dict[str, str] = {}
    with visitor(browser, address, Look(language, "dark", "desktop"), width=PAPER[0]) as seen:
        seen.log_in()
        for name, path in paths.items():
            seen.go(path)
            file = SHOTS / f"{name}-{language}-print.pdf"
            printed = seen.page.pdf(path=file, format="A4", prefer_css_page_size=True)
            sheets = len(re.findall(rb"/Type\s*/Page\b", printed))
            seen.page.emulate_media(media="print")
            lies_across = seen.page.locator("thead th:nth-child(13)").count()
            room = ACROSS if lies_across else PAPER[0]
            seen.page.set_viewport_size({"width": room, "height": PAPER[1]})
            wide = seen.page.evaluate(WIDTH) / room
            height = seen.page.evaluate("document.documentElement.scrollHeight")
            begins = seen.page.locator("main h1").first.bounding_box()
            seen.page.emulate_media(media="null")
            seen.page.set_viewport_size({"width": PAPER[0], "height": PAPER[1]})
            if wide > MOST_SHRUNK or sheets > min(MOST_SHEETS, height / PAPER[1] * 1.5 + 1):
                beyond[name] = f"{sheets} sheets of {height} pixels, {wide:.2f} times as wide"
            assert begins is not None, name
            assert begins["y"] < BEGINS_WITHIN, name
    assert beyond == {}
