"""A picture that Chromium refuses once is taken again; one that it cannot take is an error."""

import time
from pathlib import Path

import pytest
from playwright.sync_api import Error

from tests.services.http.browser.looking import REFUSED, TIMES_ASKED, picture


class Refusing:
    """A page whose picture is refused so often, with these words."""

    def __init__(self, times: int, words: str) -> None:
        self.asked = 0
        self._times = times
        self._words = words

    def screenshot(self, path: Path, full_page: bool) -> None:
        assert full_page
        self.asked += 1
        if self.asked <= self._times:
            raise Error(self._words)
        path.write_bytes(b"a picture")


@pytest.fixture(autouse=True)
def _at_once(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(time, "sleep", lambda _: None)


def test_a_picture_that_was_refused_is_taken_again(tmp_path: Path) -> None:
    page = Refusing(2, f"Protocol error (Page.captureScreenshot): {REFUSED}")
    picture(page, tmp_path / "page.png")  # type: ignore[arg-type]
    assert (tmp_path / "page.png").exists()


@pytest.mark.parametrize(
    ("words", "asked"), [(REFUSED, TIMES_ASKED), ("Target page has been closed", 1)]
)
def test_what_stays_refused_or_is_another_error_is_said(
    tmp_path: Path, words: str, asked: int
) -> None:
    page = Refusing(1_000, words)
    with pytest.raises(Error, match=words):
        picture(page, tmp_path / "page.png")  # type: ignore[arg-type]
    assert page.asked == asked
