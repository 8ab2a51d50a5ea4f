"""The schemas of docs/schemas in one place, as an AsyncAPI document has them: all under ``components``."""

import json
from typing import Any, Final

from services.cloudevents.schemas import schemas

Json = dict[str, Any]

SCHEMAS: Final = "#/components/schemas/"
_WITHIN: Final = "#/$defs/"


def hoisted() -> Json:
    """Every shape by its name. Two files that have one in common have the same."""
    found: Json = {}
    for text in schemas().values():
        for name, shape in json.loads(text)["$defs"].items():
            moved = _moved(shape)
            assert found.setdefault(name, moved) == moved, name  # noqa: S101 - made of the same types
    return found


def _moved(tree: Any) -> Any:
    """The schema with its references to where the shapes are in the document."""
    if isinstance(tree, list):
        return [_moved(item) for item in tree]
    if not isinstance(tree, dict):
        return tree
    return {
        name: SCHEMAS + value.removeprefix(_WITHIN)
        if name == "$ref" and isinstance(value, str)
        else _moved(value)
        for name, value in tree.items()
    }
