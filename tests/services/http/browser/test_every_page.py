"""Every page in a real browser: axe finds nothing, nothing goes wrong, nothing scrolls sideways."""

from collections.abc import Iterator

import pytest
from playwright.sync_api import Browser

from tests.services.http.browser.looking import LOOKS, Look, Visitor, visitor

NAMES = (
    "overview", "overview-then", "participant", "history", "purchased-classes", "class", "package",
    "package-purchases", "purchase", "purchases", "institutions", "institution", "partner",
    "deliveries", "intake", "rejections", "event", "check", "compare", "find", "words", "missing",
)  # fmt: skip


@pytest.fixture(scope="module")
def visitors(browser: Browser, address: str) -> Iterator[dict[Look, Visitor]]:
    """Windows that are logged in, one for each way of looking; opened when they are wanted."""
    opened: dict[Look, Visitor] = {}
    contexts = []
    try:
        for look in LOOKS:
            context = visitor(browser, address, look)
            contexts.append(context)
            opened[look] = context.__enter__()
            opened[look].log_in()
        yield opened
    finally:
        for context in contexts:
            context.__exit__(None, None, None)


def looked_at(
    visitors: dict[Look, Visitor], look: Look, name: str, paths: dict[str, str]
) -> list[str]:
    seen = visitors[look]
    seen.faults.clear()
    seen.go(paths[name])
    assert seen.page.locator("html").get_attribute("lang") == look.language
    seen.shoot(f"{name}-{look}")
    faults = seen.check()
    return [fault for fault in faults if name != "missing" or "404" not in fault]


@pytest.mark.parametrize("name", NAMES)
def test_a_page_is_for_everyone(
    visitors: dict[Look, Visitor], paths: dict[str, str], name: str
) -> None:
    """In one of the ways of looking, in turns; `make pages` takes all."""
    look = LOOKS[(NAMES.index(name) * 3) % len(LOOKS)]
    assert looked_at(visitors, look, name, paths) == [], str(look)


@pytest.mark.long
@pytest.mark.parametrize("look", LOOKS, ids=str)
def test_a_page_is_for_everyone_in_every_way(
    visitors: dict[Look, Visitor], paths: dict[str, str], look: Look
) -> None:
    assert set(paths) == set(NAMES)
    found = {name: looked_at(visitors, look, name, paths) for name in NAMES}
    assert {name: faults for name, faults in found.items() if faults} == {}
