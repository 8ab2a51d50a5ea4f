"""Part of the oracle: the outcome of each record, read from its bytes alone (contract, section 2).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator; the
labels a simulated record carries are not looked at. JSON is read by the standard library.
"""

import json
import re
from collections import defaultdict
from collections.abc import Iterable, Sequence
from datetime import datetime
from typing import Any, Final, Protocol

from services.simulator.expected_fields import REQUIRED, holds_national_id, is_name, is_valid
from services.simulator.expected_time import utc

Event = dict[str, Any]
"""`partner`, `id`, `kind` (the type without its dressing), `at` (a datetime), `data`."""

MOST_BYTES: Final = 256 * 1024
_TYPE: Final = re.compile(r"id\.tuntas\.([a-z.]+)\.v1")
_RFC3339: Final = re.compile(
    r"\d{4}-\d\d-\d\d[Tt]\d\d:\d\d:\d\d(\.\d+)?([Zz]|[+-]\d\d:\d\d)", re.ASCII
)


class KafkaRecord(Protocol):
    """The part of a record that a broker sees."""

    @property
    def topic(self) -> str: ...

    @property
    def headers(self) -> Sequence[tuple[str, bytes]]: ...

    @property
    def value(self) -> bytes: ...


class Refused(Exception):
    """The record is rejected; the argument is the reason code."""


class Intake:
    """The outcome of every record in turn, and the events accepted so far."""

    def __init__(self) -> None:
        self.outcomes: list[dict[str, Any]] = []
        self.counts: dict[str, dict[str, Any]] = {}
        self.accepted: list[Event] = []
        self.conflicting: dict[tuple[str, str], Event] = {}
        """Publications of packages that were refused as conflicts, by partner and id."""
        self._contents: dict[tuple[str, str], str] = {}
        self._packages: dict[tuple[str, str], dict[str, Event]] = defaultdict(dict)
        self._withdrawn: set[tuple[str, str]] = set()

    def take(self, record: KafkaRecord) -> None:
        outcome, reason = "accepted", None
        try:
            event = read(record)
            if self._is_new(event):
                self.accepted.append(event)
            else:
                outcome = "duplicate"
        except Refused as refused:
            outcome, reason = "rejected", str(refused)
        self.outcomes.append({"outcome": outcome, "reason": reason})
        nothing = {"accepted": 0, "duplicate": 0, "rejected": 0, "reasons": {}}
        counts = self.counts.setdefault(record.topic, nothing)
        counts[outcome] += 1
        if reason is not None:
            counts["reasons"][reason] = counts["reasons"].get(reason, 0) + 1

    def _is_new(self, event: Event) -> bool:
        name = event["partner"], event["id"]
        content = json.dumps([event["kind"], utc(event["at"]), event["data"]], sort_keys=True)
        if name in self._contents:
            if self._contents[name] != content:
                raise Refused("id_conflict")
            return False
        if event["kind"] == "package.published":
            published = self._packages[event["partner"], event["data"]["package_code"]]
            published[event["id"]] = event
            earliest = min(
                (e for e in published.values() if (e["partner"], e["id"]) not in self._withdrawn),
                key=lambda e: e["at"],
                default=event,
            )
            classes = set(event["data"]["class_codes"])
            if name not in self._withdrawn and set(earliest["data"]["class_codes"]) != classes:
                self.conflicting[name] = event
                raise Refused("package_conflict")
            self.conflicting.pop(name, None)
        if event["kind"] == "event.voided":
            self._withdrawn.add((event["partner"], event["data"]["target_id"]))
        self._contents[name] = content
        return True


def take_in(records: Iterable[KafkaRecord]) -> Intake:
    """The intake after all the records, in their order."""
    intake = Intake()
    for record in records:
        intake.take(record)
    return intake


def read(record: KafkaRecord) -> Event:
    """The event that a record holds; raises Refused."""
    if len(record.value) > MOST_BYTES:
        raise Refused("too_large")
    body = _parse(record.value)
    attributes, data = _open(record.headers, body)
    partner = record.topic.removeprefix("tuntas.partner.")
    if attributes.get("specversion") != "1.0" or not all(
        is_name(attributes.get(name)) for name in ("id", "source", "type", "time")
    ):
        raise Refused("not_cloudevents")
    if len(attributes["id"]) > 128 or not _RFC3339.fullmatch(attributes["time"]):
        raise Refused("not_cloudevents")
    if attributes["source"] != f"/partners/{partner}":
        raise Refused("source_mismatch")
    named = _TYPE.fullmatch(attributes["type"])
    if not named or named[1] not in REQUIRED:
        raise Refused("unknown_type")
    if isinstance(data, dict) and holds_national_id(data):
        raise Refused("personal_data")
    if not isinstance(data, dict) or not is_valid(named[1], data):
        raise Refused("invalid_data")
    return {
        "partner": partner,
        "id": attributes["id"],
        "kind": named[1],
        "at": datetime.fromisoformat(attributes["time"].upper()),
        "data": data,
    }


def _parse(value: bytes) -> Any:
    def refuse(_: str) -> None:
        raise Refused("not_json")

    try:
        return json.loads(value.decode("utf-8"), parse_constant=refuse)
    except ValueError as error:
        raise Refused("not_json") from error


def _open(headers: Sequence[tuple[str, bytes]], body: Any) -> tuple[dict[str, Any], Any]:
    """The attributes and the data, whichever content mode the record is in."""
    texts = defaultdict(str, {name.lower(): text.decode() for name, text in headers})
    in_headers = {name[3:]: text for name, text in texts.items() if name.startswith("ce_")}
    if texts["content-type"].startswith("application/cloudevents") or not in_headers:
        if not isinstance(body, dict):
            raise Refused("not_cloudevents")
        return body, body.get("data")
    return in_headers, body
