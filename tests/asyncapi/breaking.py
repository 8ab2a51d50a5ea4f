"""What a new AsyncAPI document breaks of an old one, for those who send by it and those who read by it."""

from collections.abc import Iterator
from typing import Any

Json = dict[str, Any]

SENT_BY_PARTNERS = "receive"
"""The action of an operation, which is told from where Tuntas stands."""

_NOT_LESS = ("maximum", "exclusiveMaximum", "maxLength", "maxItems")
_NOT_MORE = ("minimum", "exclusiveMinimum", "minLength", "minItems")


def broken(old: Json, new: Json) -> list[str]:
    """A sentence for each thing that was right by the old document and is wrong by the new one."""
    found = []
    for name, operation in old["operations"].items():
        if name not in new["operations"]:
            found.append(f"the operation {name} is gone")
            continue
        channel = _name(operation["channel"])
        before, after = (tree["channels"].get(channel, {}) for tree in (old, new))
        if before.get("address") != after.get("address"):
            found.append(f"{channel}: the address is another")
        for message in before["messages"]:
            if message not in after.get("messages", {}):
                found.append(f"{message} is gone from {channel}")
                continue
            sent = operation["action"] == SENT_BY_PARTNERS
            found += _of_message(old, new, message, sent=sent)
        for parameter, said in before["parameters"].items():
            gone = set(said["enum"]) - set(after["parameters"].get(parameter, {}).get("enum", ()))
            found += [f"{channel}: {value} is no {parameter} any more" for value in sorted(gone)]
    return found


def _of_message(old: Json, new: Json, name: str, *, sent: bool) -> Iterator[str]:
    before, after = (tree["components"]["messages"][name] for tree in (old, new))
    if before["contentType"] != after["contentType"]:
        yield f"{name}: the content type is another"
    for part in ("headers", "payload"):
        compare = Comparison(old, new, sent=sent)
        yield from compare.of(before[part], after[part], f"{name} {part}")


class Comparison:
    """Two documents' shapes. What fitted the old must fit the new where it is sent, the other way where it is read."""

    def __init__(self, old: Json, new: Json, *, sent: bool) -> None:
        self.old = old
        self.new = new
        self.sent = sent

    def of(self, before: Json, after: Json, where: str) -> Iterator[str]:
        """What is narrower (of what is sent) or wider (of what is read) than before."""
        before, after = _resolved(self.old, before), _resolved(self.new, after)
        narrow, wide = (after, before) if self.sent else (before, after)
        yield from self._kinds(_kinds(self.old, before), _kinds(self.new, after), where)
        yield from _bounds(narrow, wide, where)
        if self.sent:
            added = set(after.get("required", ())) - set(before.get("required", ()))
            yield from (f"{where}.{name} is required now" for name in sorted(added))
        else:
            gone = set(before.get("required", ())) - set(after.get("required", ()))
            yield from (f"{where}.{name} need not be there any more" for name in sorted(gone))
        for name, shape in before.get("properties", {}).items():
            if name in after.get("properties", {}):
                yield from self.of(shape, after["properties"][name], f"{where}.{name}")
            else:
                yield f"{where}.{name} is gone"
        if "items" in before and "items" in after:
            yield from self.of(before["items"], after["items"], f"{where}[]")
        yield from self._choices(before, after, where)

    def _kinds(self, before: set[str], after: set[str], where: str) -> Iterator[str]:
        narrower = before - after if self.sent else after - before
        if before and after and narrower:
            yield f"{where}: {', '.join(sorted(narrower))} is {'not taken any more' if self.sent else 'new there'}"

    def _choices(self, before: Json, after: Json, where: str) -> Iterator[str]:
        """Of values that may be of several kinds, each kind with that of its like."""
        for choice in before.get("anyOf", ()):
            of_kind = _kinds(self.old, choice)
            likes = [one for one in _any_of(after) if _kinds(self.new, one) & of_kind]
            if of_kind and likes and "properties" not in before:
                yield from self.of(choice, likes[0], where)


def _bounds(narrow: Json, wide: Json, where: str) -> Iterator[str]:
    """Where ``narrow`` leaves out what ``wide`` has."""
    for bound in _NOT_LESS:
        if bound in narrow and narrow[bound] < wide.get(bound, float("inf")):
            yield f"{where}: {bound} is {narrow[bound]}, and was {wide.get(bound, 'none')}"
    for bound in _NOT_MORE:
        if bound in narrow and narrow[bound] > wide.get(bound, float("-inf")):
            yield f"{where}: {bound} is {narrow[bound]}, and was {wide.get(bound, 'none')}"
    for word in ("pattern", "format"):
        if word in narrow and narrow[word] != wide.get(word):
            yield f"{where}: {word} is another"
    if _values(narrow) is not None:
        gone = (_values(wide) or set()) - (_values(narrow) or set())
        yield from (f"{where}: {value} is not among the values" for value in sorted(gone))
        if _values(wide) is None:
            yield f"{where}: the values are listed"


def _values(shape: Json) -> set[str] | None:
    if "const" in shape:
        return {str(shape["const"])}
    return {str(value) for value in shape["enum"]} if "enum" in shape else None


def _kinds(tree: Json, shape: Json) -> set[str]:
    shape = _resolved(tree, shape)
    if "type" in shape:
        kind = shape["type"]
        return {"number", "integer"} if kind == "number" else {kind}
    return {kind for choice in shape.get("anyOf", ()) for kind in _kinds(tree, choice)}


def _any_of(shape: Json) -> list[Json]:
    choices: list[Json] = shape.get("anyOf", [shape])
    return choices


def _resolved(tree: Json, shape: Json) -> Json:
    while "$ref" in shape:
        shape = tree["components"]["schemas"][_name(shape)]
    return shape


def _name(reference: Json) -> str:
    name: str = reference["$ref"].rpartition("/")[2]
    return name
