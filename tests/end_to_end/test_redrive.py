"""Rejected records are taken up again after a mapping was added: each once, with its outcome."""

import json
import re
from subprocess import CompletedProcess

import pytest

from services.kafka.producer import STRUCTURED, Producer
from services.kafka.topics import partner_topic
from tests.end_to_end.running_system import RunningSystem
from tests.services.xapi.statements import statement

pytestmark = [pytest.mark.kafka, pytest.mark.slow]

PARTNER = "pintaria"
TOPIC = partner_topic(PARTNER)
LESSON = "https://learn.example/course?id=7"
STATEMENTS = 5


def lesson(number: int) -> bytes:
    event_id = f"6c5b4b2e-7d3f-4b7c-9a53-2f5f0e3b1a{number:02}"
    return json.dumps(statement(id=event_id, object={"id": LESSON})).encode()


def said(ran: "CompletedProcess[str]") -> list[str]:
    """The outcomes of the records, in the order in which they were told."""
    assert ran.returncode == 0, ran.stderr
    return re.findall(r"^\S+/\d+/\d+ -> \d+/\d+ (.+)$", ran.stdout, re.MULTILINE)


def test_what_was_rejected_is_taken_up_once_after_a_mend(running_system: RunningSystem) -> None:
    system = running_system
    with Producer(system.bootstrap) as producer:
        for number in range(STATEMENTS):
            headers = [("x-experience-api-version", b"1.0.3")]
            producer.send(TOPIC, b"PRK-1", headers, lesson(number))
        producer.send(TOPIC, b"PRK-1", STRUCTURED, b"halo")
        producer.send(TOPIC, b"3201234567890001", STRUCTURED, b"halo")
        producer.send(TOPIC, b"PRK-1", STRUCTURED, b"x" * 300_000)
        producer.flush()
    system.wait_until_read(STATEMENTS + 3)

    wanted = ("--partner", PARTNER, "--reason", "unmapped_activity")
    listed = system.run("redrive", *wanted, "--dry-run")
    assert listed.stdout.count("unmapped_activity") == STATEMENTS
    assert f"{STATEMENTS} records would be taken up" in listed.stderr
    assert said(system.run("redrive", *wanted, "--since", "2999-01-01T00:00:00Z")) == []

    mapping = system.folder / "classes.json"
    mapping.write_text(json.dumps({PARTNER: {LESSON: "C-7"}}))
    for name in system.ingest():
        system.stop(name)
    system.settings["TUNTAS_XAPI_CLASSES"] = str(mapping)
    system.start_ingest()

    assert said(system.run("redrive", *wanted)) == ["accepted"] * STATEMENTS
    assert said(system.run("redrive", *wanted)) == []

    # What is no better than before is rejected again, and neither it nor its copy is taken up another time. Of what was
    # not kept whole nothing can be.
    assert said(system.run("redrive", "--partner", PARTNER)) == ["not_json"]
    assert said(system.run("redrive")) == []
    assert said(system.run("redrive", "--again")) == ["not_json"]  # the copy, once
    assert said(system.run("redrive")) == []
    assert system.status(f"/v1/rejections?partner={PARTNER}&reason=unmapped_activity") == 200
    ((resolved,),) = system.rows(RESOLVED, (TOPIC,))
    assert resolved == STATEMENTS


RESOLVED = """
SELECT count(*) FROM ledger.rejection JOIN ledger.lane USING (partner_id, lane_id)
WHERE topic = %s AND ledger.accepted_after(partner_id, event_id, recorded, lane_id, kafka_offset)
"""
