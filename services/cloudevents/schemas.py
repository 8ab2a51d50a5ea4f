"""JSON Schemas of the events, made from their types: ``python -m services.cloudevents.schemas DIRECTORY``.

A schema describes an event in structured mode. It cannot say all that the contract does: that ``raw`` lies
between ``min`` and ``max``, that a time exists, or that no field is repeated. ``tuntas check`` knows it all.
"""

import json
import re
import sys
from pathlib import Path
from typing import Any, Final

import msgspec

from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.answer import AnswerChanged
from services.cloudevents.envelope import ENVELOPES
from services.cloudevents.rejection import Rejection

Schema = dict[str, Any]

DIALECT: Final = "https://json-schema.org/draft/2020-12/schema"

_LINE_BREAK: Final = re.compile(r"\s*\n\s*")
"""Of a docstring."""

_ONE_OF_TWO: Final = {
    "PurchasePaidData": ("package_code", "items"),
    "ClassProgressedData": ("percent", "unit"),
}
"""Shapes of which one of two fields must be there, and not null."""


def schemas() -> dict[str, str]:
    """File name to the JSON text of its schema, one for each type of event, and those of what partners are told."""
    written = {}
    shapes: tuple[type[msgspec.Struct], ...] = (*ENVELOPES, Rejection, AnswerChanged)
    for envelope in shapes:
        kind = str(envelope.__struct_config__.tag)
        schema = _tidied(msgspec.json.schema(envelope))
        for shape, fields in _ONE_OF_TWO.items():
            if shape in schema["$defs"]:
                schema["$defs"][shape]["anyOf"] = [_given(field) for field in fields]
        named = {"$schema": DIALECT, "title": kind, **schema}
        written[f"{kind.removeprefix(TYPE_PREFIX)}.json"] = (
            json.dumps(named, indent=2, ensure_ascii=False) + "\n"
        )
    return written


def _given(field: str) -> Schema:
    return {"required": [field], "properties": {field: {"not": {"type": "null"}}}}


def said(docstring: str) -> str:
    """A docstring in the words of JSON: one line, no reStructuredText."""
    return _LINE_BREAK.sub(" ", docstring.replace("``", "`"))


def _tidied(tree: Any) -> Any:
    """The schema in the words of JSON: no reStructuredText, and defaults that are no null."""
    if isinstance(tree, list):
        return [_tidied(item) for item in tree]
    if isinstance(tree, str):
        return said(tree)
    if not isinstance(tree, dict):
        return tree
    tidied = {name: _tidied(value) for name, value in tree.items()}
    if "default" in tidied and tidied["default"] is None:
        del tidied["default"]
        for choice in tidied.get("anyOf", []):
            if "default" in choice:
                tidied["default"] = choice.pop("default")
    return tidied


def main(directory: Path) -> None:
    """Write the schemas into the directory, and remove those of types that are no more."""
    directory.mkdir(parents=True, exist_ok=True)
    current = schemas()
    for path in directory.glob("*.json"):
        if path.name not in current:
            path.unlink()
    for name, text in current.items():
        (directory / name).write_text(text, encoding="utf-8")


if __name__ == "__main__":
    main(Path(sys.argv[1]))
