"""Which template a path belongs to, in time linear in the path's length.

A path is split where its slashes stand as they were sent, and each part is decoded alone: a code that holds a slash is
sent with ``%2F`` and stays one part. So no template has to try how a path could be divided.
"""

from collections.abc import Mapping, Sequence
from http import HTTPStatus
from typing import Generic, NamedTuple, TypeVar
from urllib.parse import unquote_to_bytes

from domain.telling import tell
from services.http.problems import Problem

T = TypeVar("T")


class Paths(Generic[T]):
    """What stands under path templates such as ``/v1/purchases/{partner}/{purchase_id}``."""

    def __init__(self, under: Mapping[str, T]) -> None:
        """Of two templates for one path the first is meant."""
        self._most_parts = 0
        self._by_parts: dict[int, list[_Template[T]]] = {}
        for template, value in under.items():
            if ":" in template:
                raise ValueError(f"{template} has a converter; each name stands for one part")
            parts = list(enumerate(template.split("/")))
            literals = [(place, part.encode()) for place, part in parts if part[:1] != "{"]
            names = [(place, part[1:-1]) for place, part in parts if part[:1] == "{"]
            self._by_parts.setdefault(len(parts), []).append(_Template(literals, names, value))
            self._most_parts = max(self._most_parts, len(parts))

    def find(self, raw_path: bytes) -> tuple[T, dict[str, str]] | None:
        """What stands under a path as it was sent, and the names of its template; None: nothing.

        Raises 404 for a name that nothing can be named by.
        """
        parts = raw_path.split(b"/", self._most_parts)
        templates = self._by_parts.get(len(parts))
        if templates is None:
            return None
        if b"%" in raw_path:
            parts = [unquote_to_bytes(part) for part in parts]
        for template in templates:
            for place, literal in template.literals:
                if parts[place] != literal:
                    break
            else:
                return template.value, {
                    name: named(name, parts[place]) for place, name in template.names
                }
        return None


class _Template(NamedTuple, Generic[T]):
    """The parts of a template by their places."""

    literals: Sequence[tuple[int, bytes]]
    names: Sequence[tuple[int, str]]
    value: T


def named(name: str, part: bytes) -> str:
    """What a part of a path names; raises 404 for one that nothing can be named by: empty, NUL, or not UTF-8."""
    try:
        value = part.decode()
    except UnicodeDecodeError:
        value = ""
    if not value or "\0" in value:
        raise Problem(
            HTTPStatus.NOT_FOUND,
            tell("`%(name)s` is not a text that anything is named by", name=name),
        )
    return value
