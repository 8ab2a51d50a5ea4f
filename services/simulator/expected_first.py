"""Part of the oracle: each person's first completed class, after which an incentive is paid (contract, section 3).

Independent by design: nothing of `domain` or `projections`, and nothing of the generator.
"""

from collections import defaultdict
from typing import Any, Final

from services.simulator.expected_classes import Judged
from services.simulator.expected_intake import Event
from services.simulator.expected_time import utc

WANTED: Final = {"certificate": "certificate.issued", "review": "class.reviewed"}
"""What has to be there beside the completion, and what reports it."""


NAMES: Final = (
    *("participant_id", "state", "since", "missing", "partner", "class_code", "completed_at"),
    *("certified_at", "reviewed_at", "instead"),
)


def first_completions(events: list[Event], judged: list[Judged]) -> list[dict[str, Any]]:
    """Everybody who bought a class, in order of the pseudonym. ``events`` are those that stand.

    Ready since the latest of the completion and the earliest certificate and review of the class.
    """
    reported: dict[tuple[Any, ...], list[str]] = defaultdict(list)
    for event in events:
        if event["kind"] in WANTED.values():
            data = event["data"]
            place = event["partner"], data["participant_id"], data["class_code"]
            reported[*place, event["kind"]].append(str(utc(event["at"])))
    people: dict[str, list[dict[str, Any]]] = defaultdict(list)
    for each in judged:
        if each["purchase"] == "none":
            continue
        done = people[each["participant_id"]]
        if each["purchase"] == "active" and each["completion"]["state"] == "completed":
            place = each["partner"], each["participant_id"], each["class_code"]
            at = {
                name: min(reported[*place, kind], key=_in_time, default=None)
                for name, kind in WANTED.items()
            }
            done.append({"partner": place[0], "class_code": place[2], **each["completion"], **at})
    return [_first(participant_id, people[participant_id]) for participant_id in sorted(people)]


def _in_time(moment: str | None) -> str:
    """A moment as ``utc`` writes it, with its fraction spelt out: then text stands in the order of time."""
    text = str(moment).removesuffix("Z")
    return text if "." in text else f"{text}.000000"


def _first(participant_id: str, done: list[dict[str, Any]]) -> dict[str, Any]:
    done.sort(key=lambda each: (_in_time(each["at"]), each["partner"], each["class_code"]))
    if not done:
        return dict.fromkeys(NAMES) | {
            "participant_id": participant_id,
            "state": "none",
            "missing": [],
        }
    first = done[0]
    missing = [name for name in WANTED if first[name] is None]
    others = [
        {"partner": each["partner"], "class_code": each["class_code"], "since": _ready(each)}
        for each in done
        if None not in [each[name] for name in WANTED]
    ]
    return {
        "participant_id": participant_id,
        "state": "missing" if missing else "ready",
        "since": first["at"] if missing else _ready(first),
        "missing": missing,
        "partner": first["partner"],
        "class_code": first["class_code"],
        "completed_at": first["at"],
        "certified_at": first["certificate"],
        "reviewed_at": first["review"],
        "instead": min(others, key=_soonest, default=None) if missing else None,
    }


def _ready(done: dict[str, Any]) -> str:
    times: list[str] = [done["at"], *(done[name] for name in WANTED)]
    return max(times, key=_in_time)


def _soonest(other: dict[str, Any]) -> tuple[str, str, str]:
    return _in_time(other["since"]), other["partner"], other["class_code"]
