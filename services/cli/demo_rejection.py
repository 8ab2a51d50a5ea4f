"""One rejected record's way, on the terminal: the topic that tells it, the API, the correction, what came of it."""

from collections.abc import Callable
from time import monotonic, sleep
from typing import Any, Final

import msgspec
from rich.console import Console
from rich.table import Table

from services.cli.api_client import Api
from services.cli.demo_answers import lined_table
from services.kafka import telling
from services.kafka.producer import publish_lines
from services.kafka.security import Security
from services.kafka.topics import answer_topic, rejection_topic

EVENT_ID: Final = "demo-one-rejected-record"
WAIT_SECONDS: Final = 20.0


class NotShown(Exception):
    """What was sent was not read in time."""


def show(console: Console, api: Api, bootstrap: str, security: Security) -> None:
    """Sends one bad record and its correction, and prints what became of them; raises NotShown."""
    bought = next(iter(api.rows("/v1/purchased-classes", completion="in_progress")), None)
    if bought is None:
        console.print("No class is in progress in this season; ask for more --events.")
        return
    partner = bought["partner"]
    path = f"/v1/events/{partner}/{EVENT_ID}"
    table = lined_table(f"One rejected record's way, {EVENT_ID} of {partner}")
    for column in ("Step", "What is there"):
        table.add_column(column, overflow="fold")

    publish_lines(bootstrap, partner, [_event(bought, "88")], security=security)
    table.add_row("The partner sends a score in quotes", '"score": {"raw": "88"}')
    told = telling.find(
        bootstrap,
        rejection_topic(partner),
        lambda value: EVENT_ID.encode() in value,
        timeout_seconds=WAIT_SECONDS,
        security=security,
    )
    if told is None:
        raise NotShown(f"nothing was told on {rejection_topic(partner)} of {EVENT_ID}")
    data = msgspec.json.decode(told.value)["data"]
    table.add_row(
        f"{told.topic}, {told.partition}:{told.offset}", f"{data['reason']}: {data['detail']}"
    )
    fate = _until(api, path, lambda fate: bool(fate["rejected"]))
    table.add_row(f"GET {path}", f"outcome {fate['outcome']}, rejected {fate['rejected']}")

    publish_lines(bootstrap, partner, [_event(bought, 88)], security=security)
    table.add_row("The partner corrects it, under the same id", '"score": {"raw": 88}')
    fate = _until(api, path, lambda fate: fate["accepted"] is not None)
    place = fate["accepted"]
    resolved = fate["rejections"][0]["resolved"]
    table.add_row(
        f"GET {path}",
        f"outcome {fate['outcome']}, {place['partition']}:{place['offset']}; "
        f"the rejection is {'' if resolved else 'not '}resolved",
    )
    _add_answer(table, bought, bootstrap, security)
    console.print(table)


def _add_answer(table: Table, bought: Any, bootstrap: str, security: Security) -> None:
    """What is told of the answer, where answers are told."""

    def is_changed(value: bytes) -> bool:
        answer = msgspec.json.decode(value)["data"]
        same = all(answer[name] == bought[name] for name in ("participant_id", "class_code"))
        return same and answer["assessment"]["best_scaled"] == _best(bought)

    topic = answer_topic(bought["partner"])
    told = telling.find(
        bootstrap, topic, is_changed, timeout_seconds=WAIT_SECONDS, security=security
    )
    if told is not None:
        state = msgspec.json.decode(told.value)["data"]["assessment"]["state"]
        table.add_row(
            f"{told.topic}, {told.partition}:{told.offset}",
            f"{bought['class_code']} of {bought['participant_id']}: {state}",
        )


def _best(bought: Any) -> float:
    before = bought["assessment"]["best_scaled"]
    return max(0.88, before or 0.0)


def _event(bought: Any, raw: object) -> bytes:
    """A result of the post-test, a day after the class was bought."""
    return msgspec.json.encode(
        {
            "specversion": "1.0",
            "id": EVENT_ID,
            "source": f"/partners/{bought['partner']}",
            "type": "id.tuntas.class.assessed.v1",
            "time": bought["last_reported_at"] or bought["purchases"][0]["purchased_at"],
            "data": {
                "participant_id": bought["participant_id"],
                "class_code": bought["class_code"],
                "kind": "post_test",
                "score": {"raw": raw},
            },
        }
    )


def _until(api: Api, path: str, is_so: Callable[[Any], bool]) -> Any:
    deadline = monotonic() + WAIT_SECONDS
    while not is_so(fate := api.ask(path)):
        if monotonic() > deadline:
            raise NotShown(f"GET {path} goes on saying {fate['outcome']}")
        sleep(0.1)
    return fate
