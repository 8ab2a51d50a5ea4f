"""A few lines to tell small stories in: events as records of partner `pintaria`."""

import json
from typing import Any, NamedTuple


class Told(NamedTuple):
    topic: str
    headers: list[tuple[str, bytes]]
    value: bytes


def told(event_id: str, kind: str, time: str, /, partner: str = "pintaria", **data: Any) -> Told:
    """A structured record; of a person's events the participant is `PRK-000000001` if not given."""
    if "published" not in kind:
        data = {"participant_id": "PRK-000000001", **data}
    event = {
        "specversion": "1.0",
        "id": event_id,
        "source": f"/partners/{partner}",
        "type": f"id.tuntas.{kind}.v1",
        "time": time,
        "data": data,
    }
    return Told(f"tuntas.partner.{partner}", [], json.dumps(event).encode())
