"""The catalogue of records that partners might send: read from the data files beside this one.

A file holds a list of cases. A case is one record, or several under ``records`` that belong together in their order:

- ``name``: unique; the event id and the participant are made of it, where nothing else is said.
- ``becomes``: ``accepted``, ``duplicate`` or the code by which it is rejected; ``says``: a part of the sentence then;
  ``unknown``: how many unknown fields are counted; ``kept: false``: its bytes are not kept; ``event_id``: the one it
  has where that is not seen from the rest.
- its value, in one of these ways:
  ``value``: a text (below), or null for a tombstone;
  ``type``: an event of this type as tests/services/cloudevents/samples.py has it, with ``attributes`` and ``data`` put
  over it, fields ``without`` taken out, ``raw`` JSON text in the place of a field, in ``mode`` structured (or binary);
  ``statement``: an xAPI statement of this verb, with ``set`` put over it, ``without`` and ``raw``.
- ``key``: a text, or null; ``content_type``: a text, or null for none; ``headers``: more of them, as ``[name, value]``
  or ``[name, value, times]``; ``sent``: RFC 3339 or ``never``; now where nothing is said.

A text is a string, ``{hex: …}``, ``{of: text, times: n}``, or a list of these, one behind the other.
"""

import json
import re
from collections.abc import Iterator
from datetime import datetime
from pathlib import Path
from typing import Any
from uuid import NAMESPACE_URL, uuid5

import yaml
from msgspec import Struct

from domain.vocabulary import TYPE_PREFIX
from services.cloudevents.time import NO_TIMESTAMP
from tests.services.cloudevents.samples import FULL, PARTNER, TIME
from tests.services.xapi.statements import ADL, W3ID, statement

FOLDER = Path(__file__).parent
TELLING = {"records", "name", "becomes", "says", "unknown", "kept", "event_id"}
SHAPES = {"value", "type", "statement"}
KNOWN = {
    *(TELLING | SHAPES),
    *("attributes", "data", "without", "raw", "mode", "set", "version"),
    *("key", "content_type", "headers", "sent"),
}

Header = tuple[bytes, bytes | None]


class CatalogueRecord(Struct, frozen=True, kw_only=True):
    """One record, and what is to become of it."""

    name: str
    becomes: str
    says: str
    unknown: int
    kept: bool
    key: bytes | None
    keyed: bool
    """Whether the key is what the case is about."""
    headers: list[Header]
    value: bytes | None
    sent_ms: int | None
    """None: now."""
    event_id: str

    @property
    def is_rejected(self) -> bool:
        return self.becomes not in {"accepted", "duplicate"}

    @property
    def is_a_line(self) -> bool:
        """Whether a line of a file says all of it: what `tuntas check` reads."""
        plain = all(
            name == b"content-type" and value == b"application/cloudevents+json"
            for name, value in self.headers
        )
        whole = self.value is not None and b"\n" not in self.value and bool(self.value.strip())
        return plain and whole and not self.keyed and self.sent_ms is None


def catalogue() -> list[CatalogueRecord]:
    """Every record of every file, in their order."""
    found = [record for path in sorted(FOLDER.glob("*.yaml")) for record in of_file(path)]
    names = [record.name for record in found]
    assert len(set(names)) == len(names), "names are not unique"
    return found


def of_file(path: Path) -> Iterator[CatalogueRecord]:
    """The records of one file. Raises AssertionError for a case that is not written as it should be."""
    for case in yaml.safe_load(path.read_text(encoding="utf-8")):
        records = case.get("records", [case])
        for number, told in enumerate(records, start=1):
            assert told.keys() <= KNOWN, (case["name"], told.keys() - KNOWN)
            assert len(told.keys() & SHAPES) == 1, case["name"]
            name = case["name"] if len(records) == 1 else f"{case['name']} ({number})"
            yield _record(name, slug(case["name"]), told)


def slug(name: str) -> str:
    """The name as an identifier."""
    return re.sub(r"[^a-z0-9]+", "-", name.lower()).strip("-")


def _record(name: str, of_case: str, told: dict[str, Any]) -> CatalogueRecord:
    event_id = of_case
    content_type: Any = "application/cloudevents+json"
    headers: list[Header] = []
    if "value" in told:
        value = text(told["value"])
    elif "statement" in told:
        event_id = str(uuid5(NAMESPACE_URL, of_case))
        value = _statement(event_id, told)
        content_type = "application/json"
        headers.append((b"x-experience-api-version", text(told.get("version", "1.0.3"))))
    else:
        event = _event(of_case, told)
        event_id = str(event.get("id"))
        if told.get("mode") == "binary":
            content_type = "application/json"
            data = event.pop("data", None)
            headers += [(f"ce_{k}".encode(), str(v).encode()) for k, v in event.items()]
            value = _json(data, told, "data.")
        else:
            value = _json(event, told)
    content_type = told.get("content_type", content_type)
    if content_type is not None:
        headers.append((b"content-type", text(content_type)))
    for header in told.get("headers", ()):
        headers += [(text(header[0]) or b"", text(header[1]))] * (header[2:] or [1])[0]
    keyed = "key" in told
    key = text(told["key"]) if keyed else b"PRK-000000042"
    becomes = told["becomes"]
    return CatalogueRecord(
        name=name,
        becomes=becomes,
        says=told.get("says", ""),
        unknown=told.get("unknown", 0),
        kept=told.get("kept", becomes != "personal_data"),
        key=key,
        keyed=keyed,
        headers=headers,
        value=value,
        sent_ms=_sent(told.get("sent")),
        event_id=(text(told.get("event_id", event_id)) or b"").decode(),
    )


def _event(of_case: str, told: dict[str, Any]) -> dict[str, Any]:
    kind = told["type"]
    event = {
        "specversion": "1.0",
        "id": of_case,
        "source": f"/partners/{PARTNER}",
        "type": TYPE_PREFIX + kind,
        "time": TIME,
        "data": {**FULL[kind], **told.get("data", {})},
        **told.get("attributes", {}),
    }
    return _without(event, told)


def _statement(event_id: str, told: dict[str, Any]) -> bytes:
    verb = told["statement"]
    prefix = W3ID if verb in {"waived", "satisfied"} else ADL
    tree = statement(verb if ":" in verb else prefix + verb, id=event_id)
    return _json(_without({**tree, **told.get("set", {})}, told), told)


def _without(tree: dict[str, Any], told: dict[str, Any]) -> dict[str, Any]:
    for path in told.get("without", ()):
        *parents, last = path.split(".")
        found = tree
        for name in parents:
            found[name] = dict(found[name])
            found = found[name]
        del found[last]
    return tree


def _json(tree: Any, told: dict[str, Any], within: str = "") -> bytes:
    """The tree as JSON, with texts where the case says so: they need not be JSON."""
    texts: dict[bytes, bytes] = {}
    for number, (path, given) in enumerate(told.get("raw", {}).items()):
        *parents, last = path.removeprefix(within).split(".")
        found = tree
        for name in parents:
            found[name] = dict(found.get(name, {}))
            found = found[name]
        found[last] = f"@{number}@"
        texts[f'"@{number}@"'.encode()] = text(given) or b""
    written = json.dumps(tree, ensure_ascii=True).encode()
    for place, given in texts.items():
        written = written.replace(place, given)
    return written


def text(told: Any) -> bytes | None:
    """The bytes of a text as the catalogue writes it."""
    match told:
        case None:
            return None
        case str():
            return told.encode("utf-8", "surrogatepass")
        case {"hex": digits}:
            return bytes.fromhex(digits)
        case {"of": part, "times": times}:
            return (text(part) or b"") * int(times)
        case list():
            return b"".join(text(part) or b"" for part in told)
    raise AssertionError(f"not a text: {told!r}")


def _sent(told: str | None) -> int | None:
    if told == "never":
        return NO_TIMESTAMP
    return None if told is None else round(datetime.fromisoformat(told).timestamp() * 1000)
