"""Every page in a real browser: axe finds nothing, nothing goes wrong, nothing scrolls sideways."""

from collections.abc import Iterator
from contextlib import ExitStack

import pytest
from playwright.sync_api import Browser

from tests.services.http.browser.looking import LOOKS, Look, Visitor, visitor

NAMES = (
    "classes", "packages", "incentive", "first-completion", "stalled",
    "reviews", "class-series", "package-series", "institution-series", "partner-series",
    "overview", "overview-then", "participant", "history", "purchased-classes", "class", "package",
    "package-purchases", "purchase", "purchases", "institutions", "institution", "partner",
    "deliveries", "intake", "rejections", "event", "check", "compare", "find", "words", "missing",
)  # fmt: skip


class Visitors:
    """Windows that are logged in, one for each way of looking; opened when they are wanted."""

    def __init__(self, browser: Browser, address: str, opened: ExitStack) -> None:
        self._browser = browser
        self._address = address
        self._opened = opened
        self._by_look: dict[Look, Visitor] = {}

    def of(self, look: Look) -> Visitor:
        if look not in self._by_look:
            seen = self._opened.enter_context(visitor(self._browser, self._address, look))
            seen.log_in()
            self._by_look[look] = seen
        return self._by_look[look]


@pytest.fixture(scope="module")
def visitors(browser: Browser, address: str) -> Iterator[Visitors]:
    with ExitStack() as opened:
        yield Visitors(browser, address, opened)


def looked_at(visitors: Visitors, look: Look, name: str, paths: dict[str, str]) -> list[str]:
    seen = visitors.of(look)
    seen.faults.clear()
    seen.go(paths[name])
    assert seen.page.locator("html").get_attribute("lang") == look.language
    faults = seen.check()
    seen.shoot(f"{name}-{look}")
    return [fault for fault in faults if name != "missing" or "404" not in fault]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everyone(visitors: Visitors, paths: dict[str, str], name: str) -> None:
    """In one of the ways of looking, in turns; `make pages` takes all."""
    look = LOOKS[(NAMES.index(name) * 3) % len(LOOKS)]
    assert looked_at(visitors, look, name, paths) == [], str(look)


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_is_for_everyone_in_every_way(
    visitors: Visitors, paths: dict[str, str], look: Look
) -> None:
    assert set(paths) == set(NAMES)
    found = {name: looked_at(visitors, look, name, paths) for name in NAMES}
    assert {name: faults for name, faults in found.items() if faults} == {}
