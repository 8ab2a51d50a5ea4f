"""A page as a browser takes it apart, after checking what every page has in common."""

from html.parser import HTMLParser
from typing import Any

from httpx import Response

from tests.services.http.conftest import EVALUATOR, Api

VOID = {"meta", "link", "input", "br", "img"}
SHAPES = {"rect", "line", "polyline"}
APART = {"p", "dt", "dd", "th", "td", "li", "div"}


class Read(HTMLParser):
    """A page as a browser would take it apart: links, texts, and what must not be there."""

    def __init__(self) -> None:
        super().__init__()
        self.links: list[str] = []
        self.text = ""
        self.forbidden: list[str] = []
        self._open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        if tag not in VOID:
            self._open.append(tag)
        if tag in APART:
            self.text += " "
        if tag == "script":
            self.forbidden.append(tag)
        for name, value in attrs:
            if name == "style" or name.startswith("on"):
                self.forbidden.append(f"{tag} {name}")
            if name in {"href", "src", "action"} and value:
                if value.startswith(("http:", "https:", "//")):
                    self.forbidden.append(f"{tag} {name}={value}")
                if tag == "a":
                    self.links.append(value)

    def handle_startendtag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        del attrs
        assert tag in VOID | SHAPES

    def handle_endtag(self, tag: str) -> None:
        assert self._open.pop() == tag, f"</{tag}> closes nothing"

    def handle_data(self, data: str) -> None:
        self.text += data

    def close(self) -> None:
        super().close()
        assert self._open == []
        self.text = " ".join(self.text.split())


def visit(api: Api, path: str, token: str = EVALUATOR, **query: Any) -> Response:
    return api.ask(path, query or None, api.session(token))


def read(answer: Response) -> Read:
    """What a page holds, after checking what every page has in common."""
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    policy = answer.headers["content-security-policy"]
    assert policy.startswith("default-src 'none'; style-src 'self';")
    assert "script" not in policy
    assert "unsafe" not in policy
    assert answer.headers["cache-control"] == "no-store"
    page = Read()
    page.feed(answer.text)
    page.close()
    assert page.forbidden == []
    return page


def shown(api: Api, path: str, token: str = EVALUATOR, **query: Any) -> Read:
    answer = visit(api, path, token, **query)
    assert answer.status_code == 200, (path, answer.text)
    return read(answer)
