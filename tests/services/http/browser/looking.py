"""A browser that looks at pages as people do, and says what a developer would see go wrong."""

import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import NamedTuple

from playwright.sync_api import Browser, BrowserContext, Error, Page

from tests.services.http.browser import axe
from tests.services.http.conftest import EVALUATOR

SIZES = {"desktop": (1280, 900), "phone": (390, 844)}

PATIENCE_MS = 60_000
"""On a machine that does other things, too."""

SHOTS = Path("build/pages")
"""Where pictures of pages are kept, for people to look at."""


REFUSED = "Unable to capture screenshot"
"""What Chromium says, rarely, of a page that it shows well; asked again, it takes the picture."""

TIMES_ASKED = 5


class Look(NamedTuple):
    """How a page is looked at."""

    language: str
    scheme: str
    size: str

    def __str__(self) -> str:
        return "-".join(self)


LOOKS = [
    Look(language, scheme, size)
    for language in ("id", "en")
    for scheme in ("light", "dark")
    for size in SIZES
]

WATCH = """addEventListener('securitypolicyviolation', event => {
  console.error(`CSP: ${event.violatedDirective} ${event.blockedURI}`);
});"""


class Visitor:
    """One browser window, with what went wrong in it."""

    def __init__(self, context: BrowserContext, address: str) -> None:
        self.address = address
        self.faults: list[str] = []
        self.page: Page = context.new_page()
        self.page.add_init_script(WATCH)
        self.page.on("console", self._heard)
        self.page.on("pageerror", lambda error: self.faults.append(f"error: {error}"))
        self.page.on("dialog", lambda dialog: self._dialog(dialog.message))

    def _heard(self, message: object) -> None:
        kind, text = message.type, message.text  # type: ignore[attr-defined]
        if kind in {"error", "warning"}:
            self.faults.append(f"{kind}: {text}")

    def _dialog(self, message: str) -> None:
        self.faults.append(f"dialog: {message}")

    def go(self, path: str) -> Page:
        """The page at a path of the site."""
        self.page.goto(self.address + path, wait_until="load")
        return self.page

    def log_in(self, token: str = EVALUATOR) -> None:
        """On to the first page."""
        self.go("/login")
        self.page.fill("#token", token)
        self.page.press("#token", "Enter")
        self.page.wait_for_url(self.address + "/")

    def check(self) -> list[str]:
        """What is wrong with the page that is shown: by axe, by the console, by its width."""
        self.page.evaluate(axe.script())
        found: list[str] = self.page.evaluate(axe.RUN)
        wide = self.page.evaluate(
            "[document.documentElement.scrollWidth, document.documentElement.clientWidth]"
        )
        if wide[0] > wide[1]:
            found.append(f"the page is {wide[0]} pixels wide, the window {wide[1]}")
        return [*found, *self.faults]

    def shoot(self, name: str) -> None:
        """Keeps a picture of the whole page."""
        SHOTS.mkdir(parents=True, exist_ok=True)
        picture(self.page, SHOTS / f"{name}.png")


def picture(page: Page, path: Path) -> None:
    """A picture of the whole page, taken again where the browser refused it.

    :raises playwright.sync_api.Error: another refusal, or `TIMES_ASKED` of this one
    """
    for asked in range(1, TIMES_ASKED + 1):
        try:
            page.screenshot(path=path, full_page=True)
        except Error as refusal:
            if REFUSED not in refusal.message or asked == TIMES_ASKED:
                raise
            time.sleep(0.2 * asked)
        else:
            return


@contextmanager
def visitor(browser: Browser, address: str, look: Look, width: int = 0) -> Iterator[Visitor]:
    """A window that looks at the site in one way. ``width``: another than the look's."""
    wide, high = SIZES[look.size]
    context = browser.new_context(
        locale={"id": "id-ID", "en": "en-GB"}[look.language],
        color_scheme="dark" if look.scheme == "dark" else "light",
        viewport={"width": width or wide, "height": high},
        accept_downloads=True,
    )
    context.set_default_timeout(PATIENCE_MS)
    try:
        yield Visitor(context, address)
    finally:
        context.close()
