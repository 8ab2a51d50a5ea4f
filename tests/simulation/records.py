"""Small logs in which order, repetition and catalogues matter: some dozens of records of one partner or two."""

from __future__ import annotations

import json
import random
from collections.abc import Iterable, Mapping
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from services.kafka.records import Record
from tests.simulation.kafka import LaneName

PARTNERS: Final = ("pintaria", "tokopedia")
CLASSES: Final = ("C-1", "C-2", "C-3")
PACKAGES: Final = {"K-1": ("C-1", "C-2"), "K-2": ("C-2", "C-3")}
CONTESTED: Final = "K-2"
"""The package that is published with other classes as well; its publications are never withdrawn."""
START: Final = datetime(2020, 6, 20, tzinfo=UTC)
"""Ten days before packages must not be sold any more."""
SPREAD_SECONDS: Final = 20 * 24 * 3600
SPOILT: Final = 0.06
"""How likely an event is sent with data that is none, and thereupon, how likely it is sent mended."""
MENDED: Final = 0.7
SENT_MS: Final = 1_600_000_000_000


class Sender:
    """One partner, and the lanes of its topic."""

    def __init__(self, chance: random.Random, partner: str, partitions: int) -> None:
        self.chance = chance
        self.partner = partner
        self.topic = f"tuntas.partner.{partner}"
        self.lanes: dict[LaneName, list[Record | None]] = {
            (self.topic, number): [] for number in range(partitions)
        }
        self._people = [f"PRK-{number}" for number in range(chance.randint(2, 5))]
        self._strays = chance.choice((0.0, 0.0, 0.15))
        """How likely a participant's event arrives in another lane than the others."""
        self._told: list[tuple[str, str, dict[str, Any]]] = []
        """Key, event id and envelope of what was sent."""
        self._number = 0

    def send(self) -> None:
        """One more record, or an offset without one."""
        kind = self.chance.choices(
            ("person", "void", "class", "package", "total", "repeat", "conflict", "bad", "hole"),
            (60, 9, 7, 6, 1, 9, 3, 4, 3),
        )[0]
        if kind == "hole":
            self.lanes[self.chance.choice(list(self.lanes))].append(None)
        elif kind == "bad":
            self._put("bad", self.chance.choice((b"{", b"[]", b'{"specversion":"1.0"}')))
        elif kind in {"repeat", "conflict"} and self._told:
            self._again(is_conflict=kind == "conflict")
        else:
            key, name, data = self._fact(kind)
            self._tell(key, name, data)

    def _fact(self, kind: str) -> tuple[str, str, dict[str, Any]]:
        chance = self.chance
        if kind == "class":
            code = chance.choice(CLASSES)
            data: dict[str, Any] = {
                "class_code": code,
                "title": f"Kelas {chance.randrange(9)}",
                "institution": chance.choice(("Balai A", "Balai B")),
                "mastery_score": chance.choice((0.3, 0.6, 0.9)),
                "move_on": chance.choice(("Completed", "Passed", "CompletedAndPassed")),
            }
            return code, "class.published", data
        if kind == "package":
            code = chance.choice(sorted(PACKAGES))
            classes = PACKAGES[code]
            if code == CONTESTED and chance.random() < 0.4:
                classes = ("C-1", "C-3")
            data = {"package_code": code, "title": f"Paket {code}", "class_codes": list(classes)}
            return code, "package.published", data
        if kind == "total":
            until = (START + timedelta(days=15)).isoformat()
            return "total", "totals.declared", {"until": until, "events": chance.randrange(90)}
        who = chance.choice(self._people)
        if kind == "void":
            return who, "event.voided", self._void(who)
        name, data = self._of_person(who)
        return who, name, {"participant_id": who, **data}

    def _void(self, who: str) -> dict[str, Any]:
        """Withdraws an event: one of the person's, one to come, or a publication."""
        targets = [
            event_id
            for key, event_id, envelope in self._told
            if key in {who, *CLASSES} or (key in PACKAGES and key != CONTESTED)
            if not envelope["type"].startswith("id.tuntas.event")
        ]
        target = f"e{self._number + self.chance.randint(1, 9)}-{who}"
        if targets and self.chance.random() < 0.8:
            target = self.chance.choice(targets)
        return {"participant_id": who, "target_id": target, "reason": "a mistake"}

    def _of_person(self, who: str) -> tuple[str, dict[str, Any]]:
        chance = self.chance
        code = chance.choice(CLASSES)
        package = chance.choice((None, *sorted(PACKAGES)))
        invoice = f"INV-{who}-{package}"
        draw = chance.random()
        if draw < 0.3:
            items = [{"class_code": each} for each in chance.sample(CLASSES, chance.randint(1, 2))]
            if chance.random() < 0.5:
                items[0]["price"] = 1000 * chance.randint(1, 900)  # type: ignore[assignment]
            data: dict[str, Any] = {
                "purchase_id": invoice,
                "amount": 1000 * chance.randint(1, 2000),
            }
            if package is not None:
                data["package_code"] = package
            if package is None or chance.random() < 0.3:
                data["items"] = items
            return "purchase.paid", data
        if draw < 0.38:
            data = {"purchase_id": invoice}
            if chance.random() < 0.5:
                data["class_codes"] = [code]
            return "purchase.refunded", data
        told: dict[str, dict[str, Any]] = {
            "class.redeemed": {},
            "class.started": {},
            "class.attended": {"session": chance.randint(1, 4), "minutes": chance.randrange(90)},
            "class.progressed": {"percent": chance.randrange(101)},
            "class.completed": {},
            "class.assessed": {
                "kind": chance.choice(("pre_test", "assignment", "post_test", "performance")),
                "score": {"raw": chance.randrange(101)},
            },
            "certificate.issued": {"certificate_no": f"S-{chance.randrange(99)}"},
            "class.reviewed": {"rating": chance.randint(1, 5)},
        }
        name = chance.choice(sorted(told))
        return name, {"class_code": code, **told[name]}

    def _tell(self, key: str, name: str, data: dict[str, Any]) -> None:
        self._number += 1
        # No two events happen at the same microsecond: what then decides is tested elsewhere.
        happened = START + timedelta(
            seconds=self.chance.randrange(SPREAD_SECONDS), microseconds=self._number
        )
        event_id = f"e{self._number}-{key}"
        envelope: dict[str, Any] = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/partners/{self.partner}",
            "type": f"id.tuntas.{name}.v1",
            "time": happened.isoformat().replace("+00:00", "Z"),
            "data": data,
        }
        if self.chance.random() < 0.5:
            envelope["sequence"] = str(self._number)
        if self.chance.random() < SPOILT:
            self._put(key, json.dumps(envelope | {"data": []}).encode())
            if self.chance.random() > MENDED:
                return
        self._told.append((key, event_id, envelope))
        self._put(key, json.dumps(envelope).encode())

    def _again(self, *, is_conflict: bool) -> None:
        """A repeat, or something else under an id that was used."""
        told = [each for each in self._told if not is_conflict or each[0] not in PACKAGES]
        if not told:
            return
        key, _, envelope = self.chance.choice(told)
        if is_conflict:
            other = START + timedelta(days=40, seconds=self.chance.randrange(SPREAD_SECONDS))
            envelope = envelope | {"time": other.isoformat().replace("+00:00", "Z")}
        self._put(key, json.dumps(envelope).encode())

    def _put(self, key: str, value: bytes) -> None:
        number = sum(key.encode()) % len(self.lanes)
        if key.startswith("PRK") and self.chance.random() < self._strays:
            number = self.chance.randrange(len(self.lanes))
        lane = self.lanes[self.topic, number]
        lane.append(Record(len(lane), key.encode(), (), value, SENT_MS, len(value)))


def log_of(chance: random.Random, size: float) -> dict[LaneName, list[Record | None]]:
    """The lanes of some partners, each with its offsets in order; None: an offset without a record.

    ``size``: the share of as many records as there are at most.
    """
    lanes: dict[LaneName, list[Record | None]] = {}
    for partner in PARTNERS[: chance.randint(1, len(PARTNERS))]:
        sender = Sender(chance, partner, chance.randint(1, 3))
        for _ in range(round(size * chance.randint(15, 45))):
            sender.send()
        lanes |= sender.lanes
    return lanes


def people_in(lanes: Mapping[LaneName, Iterable[Record | None]]) -> list[str]:
    """The participants whose keys are in the lanes."""
    keys = {record.key for lane in lanes.values() for record in lane if record is not None}
    return sorted(key.decode() for key in keys if key is not None and key.startswith(b"PRK"))
