"""The AsyncAPI document as a page to read: ``python -m services.asyncapi.page docs/asyncapi.md``.

It is made of the document alone, as any other tool would make it.
"""

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from typing import Any, Final

from services.asyncapi.document import document
from services.asyncapi.shapes import SCHEMAS

Json = dict[str, Any]

_MADE: Final = (
    "Made from [asyncapi.json](asyncapi.json), the AsyncAPI {} document of version {}, by `python -m"
    " services.asyncapi.page docs/asyncapi.md`. The guide, with the reasons, is [events.md](events.md)."
)


def page() -> str:
    """The page as Markdown."""
    tree = document()
    info = tree["info"]
    parts = [
        f"# {info['title']}",
        _MADE.format(tree["asyncapi"], info["version"]),
        info["description"],
        "## Servers",
        *_table(("server", "protocol", "security", "is"), _servers(tree)),
    ]
    for name, channel in tree["channels"].items():
        parts += [f"## {name}: `{channel['address']}`", channel["description"]]
        parts += _table(("parameter", "one of"), _parameters(channel))
        kafka = channel["bindings"]["kafka"]
        parts.append(
            f"Kafka: {kafka['partitions']} partitions by default,"
            f" `cleanup.policy` {', '.join(kafka['topicConfiguration']['cleanup.policy'])}."
        )
        for message in channel["messages"]:
            parts += _message(tree, message)
    return "\n\n".join(parts) + "\n"


def _servers(tree: Json) -> Iterator[tuple[str, ...]]:
    schemes = tree["components"]["securitySchemes"]
    for name, server in tree["servers"].items():
        secured = [schemes[each["$ref"].rpartition("/")[2]] for each in server.get("security", ())]
        described = "; ".join(f"{scheme['type']}: {scheme['description']}" for scheme in secured)
        yield name, server["protocol"], described or "none", server["description"]


def _parameters(channel: Json) -> Iterator[tuple[str, ...]]:
    for name, parameter in channel["parameters"].items():
        yield f"`{name}`", ", ".join(f"`{value}`" for value in parameter["enum"])


def _message(tree: Json, name: str) -> Iterator[str]:
    message = tree["components"]["messages"][name]
    key = message.get("bindings", {}).get("kafka", {}).get("key", {}).get("description")
    yield f"### {message['title']}"
    yield message["summary"]
    yield f"Content type `{message['contentType']}`" + (
        f"; the record's key is {key}." if key else "."
    )
    required = set(message["headers"].get("required", ()))
    yield from _table(
        ("header", "is"),
        (
            (_marked(f"`{header}`", required=header in required), _described(tree, shape))
            for header, shape in message["headers"]["properties"].items()
        ),
    )
    yield from _table(("field", "is"), _fields(tree, message["payload"], ""))
    for example in message["examples"]:
        yield "```json\n" + json.dumps(example["payload"], ensure_ascii=False) + "\n```"


def _fields(tree: Json, shape: Json, within: str) -> Iterator[tuple[str, ...]]:
    shape = _resolved(tree, shape)
    for name, field in shape.get("properties", {}).items():
        path = f"{within}{name}"
        yield (
            _marked(f"`{path}`", required=name in shape.get("required", ())),
            _described(tree, field),
        )
        yield from _fields(tree, _inner(tree, field), f"{path}.")
        items = _inner(tree, field).get("items")
        if items:
            yield from _fields(tree, items, f"{path}[].")


def _inner(tree: Json, field: Json) -> Json:
    """The shape of a field that may also be null, without that."""
    field = _resolved(tree, field)
    if "properties" in field:
        return field
    choices = [one for one in field.get("anyOf", ()) if one.get("type") != "null"]
    return _resolved(tree, choices[0]) if choices else field


def _types(field: Json) -> str:
    """The types of a field, without null; a whole number is a number, too."""
    types = [str(one.get("type", "")) for one in field.get("anyOf", [field])]
    said = [of for of in types if of != "null" and not (of == "integer" and "number" in types)]
    return " or ".join(said)


def _resolved(tree: Json, shape: Json) -> Json:
    named = shape.get("$ref", "").removeprefix(SCHEMAS)
    return {**tree["components"]["schemas"][named], **_beside(shape)} if named else shape


def _beside(shape: Json) -> Json:
    return {name: value for name, value in shape.items() if name != "$ref"}


def _described(tree: Json, field: Json) -> str:
    shape = _inner(tree, field)
    is_shape = shape.get("title") in tree["components"]["schemas"]
    told = ["" if is_shape else shape.get("title", ""), shape.get("description", "")]
    if "const" in shape:
        told.append(f"`{shape['const']}`")
    elif "enum" in shape and (is_shape or not shape.get("description")):
        told.append(", ".join(f"`{value}`" for value in shape["enum"]))
    elif not any(told):
        told.append(str(shape.get("format") or _types(field)))
    return ": ".join(part for part in told if part).replace("|", "\\|")


def _marked(name: str, *, required: bool) -> str:
    return f"✱{name}" if required else name


def _table(heads: tuple[str, ...], rows: Iterator[tuple[str, ...]]) -> list[str]:
    """The table as one part, or none without rows."""
    lines = [f"| {' | '.join(row)} |" for row in rows]
    if not lines:
        return []
    return ["\n".join([f"| {' | '.join(heads)} |", "| --- " * len(heads) + "|", *lines])]


if __name__ == "__main__":
    Path(sys.argv[1]).write_text(page(), encoding="utf-8")
