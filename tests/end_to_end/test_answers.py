"""Who reads the topics of answers knows what the API says, whoever was killed in between."""

import json
from collections.abc import Iterator
from contextlib import closing
from typing import Any

import httpx
import pytest
from kafka import KafkaConsumer, TopicPartition
from prometheus_client.parser import text_string_to_metric_families

from domain.vocabulary import PARTNERS
from services.kafka.producer import STRUCTURED, Producer
from services.kafka.topics import answer_topic, partner_topic
from services.simulator import simulate
from tests.end_to_end.running_system import PARTITIONS, RunningSystem

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

EVENTS = 12_000

Key = tuple[str, str]
"""Partner, and the message's key."""


def read(bootstrap: str, isolation: str) -> list[tuple[str, Any]]:
    """Every message of the topics of answers, with its partner, in the order of each partition."""
    consumer = KafkaConsumer(bootstrap_servers=bootstrap, isolation_level=isolation)
    found = []
    with closing(consumer):
        places = [
            TopicPartition(answer_topic(partner), partition)
            for partner in PARTNERS
            for partition in range(PARTITIONS)
        ]
        consumer.assign(places)
        consumer.seek_to_beginning(*places)
        silent = 0
        while silent < 5:
            batches = consumer.poll(timeout_ms=500)
            silent = 0 if batches else silent + 1
            for place, records in batches.items():
                found += [(place.topic.rpartition(".")[2], record) for record in records]
    return found


def folded(messages: list[tuple[str, Any]]) -> dict[Key, Any]:
    latest = {(partner, record.key.decode()): record.value for partner, record in messages}
    return {key: json.loads(value)["data"] for key, value in latest.items() if value is not None}


def from_api(system: RunningSystem) -> dict[Key, Any]:
    headers = {
        "Authorization": f"Bearer {system.evaluator_token}",
        "Accept": "application/x-ndjson",
    }
    answer = httpx.get(system.api_url + "/v1/purchased-classes", headers=headers, timeout=60)
    rows = [json.loads(line) for line in answer.text.splitlines()]
    return {
        (row["partner"], row["history"].split("/")[3] + "/" + row["history"].split("/")[6]): row
        for row in rows
    }


def event(event_id: str, kind: str, time: str, **data: object) -> bytes:
    return json.dumps(
        {
            "specversion": "1.0",
            "id": event_id,
            "source": "/partners/pintaria",
            "type": f"id.tuntas.{kind}.v1",
            "time": time,
            "data": data,
        }
    ).encode()


def send(system: RunningSystem, key: bytes, *events: bytes) -> None:
    with Producer(system.bootstrap) as producer:
        for value in events:
            producer.send(partner_topic("pintaria"), key, STRUCTURED, value)
        producer.flush()
    system.wait_until_drained()


def behind(system: RunningSystem) -> Iterator[float]:
    headers = {"Authorization": f"Bearer {system.evaluator_token}"}
    text = httpx.get(system.api_url + "/metrics", headers=headers, timeout=30).text
    for family in text_string_to_metric_families(text):
        if family.name == "tuntas_answers_behind_events":
            yield from (sample.value for sample in family.samples)


def test_a_reader_knows_all_answers_through_kills(running_system: RunningSystem) -> None:
    system = running_system
    records = list(simulate(EVENTS, 5))
    third = len(records) // 3
    system.publish(records[:third])
    system.wait_until(lambda: bool(system.rows(TOLD)), "some answers were told")
    system.kill(system.project())
    system.start_project()
    system.publish(records[third : 2 * third])
    system.wait_until_read(third + third // 2)
    system.start_project()  # which waits for the other one to end
    first = next(name for name in system.running() if name.startswith("project-"))
    system.kill(first)
    system.publish(records[2 * third :])
    system.wait_until_drained()

    expected = from_api(system)
    for isolation in ("read_committed", "read_uncommitted"):
        messages = read(system.bootstrap, isolation)
        assert folded(messages) == expected
    # What came twice has the same id, and in order.
    numbers: dict[Key, list[int]] = {}
    for partner, record in messages:
        headers = {name: text.decode() for name, text in record.headers}
        event_id = headers.get("ce_id") or json.loads(record.value)["id"]
        number = int(event_id.rpartition("/")[2].partition("-")[0])
        numbers.setdefault((partner, record.key.decode()), []).append(number)
    assert all(told == sorted(told) for told in numbers.values())
    assert any(len(told) > 1 for told in numbers.values())
    assert list(behind(system)) == [0] * len(PARTNERS)
    assert json.loads(system.run("status", "--json").stdout)["answers_behind"] == 0


def test_what_is_taken_back_and_published_anew_is_told(running_system: RunningSystem) -> None:
    system = running_system
    key = ("pintaria", "PRK-TOLD/C-TOLD")
    day = "2020-05-0{}T09:00:00+07:00"
    person = {"participant_id": "PRK-TOLD"}
    items = [{"class_code": "C-TOLD", "price": 1_000}]
    send(
        system,
        b"PRK-TOLD",
        event("told-1", "purchase.paid", day.format(2), purchase_id="T-1", items=items, **person),
        event("told-2", "class.completed", day.format(3), class_code="C-TOLD", **person),
    )
    assert folded(read(system.bootstrap, "read_committed"))[key]["satisfied"] is False
    published = {"class_code": "C-TOLD", "title": "T", "institution": "I", "move_on": "Completed"}
    send(system, b"C-TOLD", event("told-3", "class.published", day.format(1), **published))
    assert folded(read(system.bootstrap, "read_committed"))[key]["satisfied"] is True
    refund = event("told-4", "purchase.refunded", day.format(4), purchase_id="T-1", **person)
    send(system, b"PRK-TOLD", refund)
    assert folded(read(system.bootstrap, "read_committed"))[key]["purchase"] == "refunded"
    voided = event(
        "told-5", "event.voided", day.format(5), target_id="told-1", reason="wrong", **person
    )
    send(system, b"PRK-TOLD", voided)
    messages = read(system.bootstrap, "read_committed")
    assert key not in folded(messages)
    last = [record for partner, record in messages if (partner, record.key.decode()) == key][-1]
    assert last.value is None
    assert dict(last.headers)["ce_type"] == b"id.tuntas.answer.withdrawn.v1"
    assert folded(messages) == from_api(system)


TOLD = "SELECT 1 FROM control.answered LIMIT 1"
