"""Which template a path belongs to, in time linear in the path's length.

A path is split where its slashes stand as they were sent, and each part is decoded alone: a code that holds a slash is
sent with ``%2F`` and stays one part. So no template has to try how a path could be divided.
"""

from collections.abc import Mapping
from http import HTTPStatus
from typing import Generic, TypeVar
from urllib.parse import unquote_to_bytes

from services.http.problems import Problem

T = TypeVar("T")


class Paths(Generic[T]):
    """What stands under path templates such as ``/v1/purchases/{partner}/{purchase_id}``."""

    def __init__(self, under: Mapping[str, T]) -> None:
        """Of two templates for one path the first is meant."""
        self._most_parts = 0
        self._by_parts: dict[int, list[tuple[list[tuple[str, bool]], T]]] = {}
        for template, value in under.items():
            if ":" in template:
                raise ValueError(f"{template} has a converter; each name stands for one part")
            parts = [
                (part[1:-1], True) if part.startswith("{") else (part, False)
                for part in template.split("/")
            ]
            self._by_parts.setdefault(len(parts), []).append((parts, value))
            self._most_parts = max(self._most_parts, len(parts))

    def find(self, raw_path: bytes) -> tuple[T, dict[str, str]] | None:
        """What stands under a path as it was sent, and the names of its template; None: nothing.

        Raises 404 for a name that nothing can be named by.
        """
        sent = raw_path.split(b"/", self._most_parts)
        templates = self._by_parts.get(len(sent))
        if templates is None:
            return None
        parts = [_decoded(part) for part in sent]
        for template, value in templates:
            names: dict[str, str] = {}
            for (name, is_name), part in zip(template, parts, strict=True):
                if is_name:
                    names[name] = part
                elif name != part:
                    break
            else:
                for name, part in names.items():
                    check(name, part)
                return value, names
        return None


def check(name: str, value: str) -> None:
    """Raises 404 for a part of a path that nothing can be named by."""
    if not value or "\0" in value:
        raise Problem(HTTPStatus.NOT_FOUND, f"`{name}` is not a text that anything is named by")


def _decoded(part: bytes) -> str:
    if b"%" in part:
        part = unquote_to_bytes(part)
    # What is not UTF-8 names nothing: nor does the NUL that stands for it.
    try:
        return part.decode()
    except UnicodeDecodeError:
        return "\0"
