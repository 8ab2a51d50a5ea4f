"""Named SQL: statements live in ``.sql`` files beside the module that runs them."""

import re
from collections.abc import Mapping
from importlib.resources import files
from types import MappingProxyType

MARK = "-- name: "
PART = re.compile(r"\{([a-z_]+)\}")


NOTHING: Mapping[str, str] = MappingProxyType({})


def load(package: str, file: str, parts: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
    """Name to statement, from a file of statements each headed by ``-- name: …``.

    The comment lines under a name describe it and are not sent. ``{other}`` within a statement stands for the
    statement of that name, or of ``parts``, where there is one: what several have in common is said once. Raises
    ValueError for a file with SQL before the first name, an empty statement or a name given twice.
    """
    text = files(package).joinpath(file).read_text(encoding="utf-8")
    return statements(text, f"{package}/{file}", parts)


def statements(text: str, where: str, parts: Mapping[str, str] = NOTHING) -> Mapping[str, str]:
    """As ``load``, of a text; ``where`` names it in errors."""
    found: dict[str, str] = {}
    before, *named = ("\n" + text).split("\n" + MARK)
    if statement(before):
        raise ValueError(f"{where}: SQL before the first name")
    for part in named:
        name, _, body = part.partition("\n")
        name = name.strip()
        if name in found or name in parts or not statement(body):
            raise ValueError(f"{where}: {name} is empty or named twice")
        found[name] = statement(body)
    together = {**parts, **found}
    return MappingProxyType({name: filled(body, together) for name, body in found.items()})


def filled(text: str, parts: Mapping[str, str]) -> str:
    """The text with ``{name}`` replaced by the part of that name, wherever there is one; parts may have parts."""
    for _ in parts:
        text, before = PART.sub(lambda found: parts.get(found[1], found[0]), text), text
        if text == before:
            break
    return text


def statement(body: str) -> str:
    """The body without its comment lines."""
    return "\n".join(line for line in body.splitlines() if not line.startswith("--")).strip()
