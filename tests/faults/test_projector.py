"""The project process ends in the middle of its work: another one does it again, to the same end."""

import json
from collections.abc import Iterator, Sequence

import psycopg2
import pytest

from services.simulator import SimulatedRecord
from services.simulator.expected import expected_answers
from services.simulator.expected_intake import read
from tests.end_to_end import proof
from tests.end_to_end.running_system import RunningSystem

pytestmark = [pytest.mark.kafka, pytest.mark.apache, pytest.mark.slow, pytest.mark.long]

LATER = "2020-12-01T00:00:00Z"


def published_again(records: Sequence[SimulatedRecord]) -> Iterator[SimulatedRecord]:
    """Each published class once more, with another mastery score and rule: many answers change."""
    seen = set()
    for record in records:
        if record.shape != "class_published" or record.outcome != "accepted":
            continue
        event = read(record)
        code = (event["partner"], event["data"]["class_code"])
        if code in seen:
            continue
        seen.add(code)
        event_id = f"again-{code[1]}"
        data = event["data"] | {"mastery_score": 0.95, "move_on": "Passed"}
        body = {
            "specversion": "1.0",
            "id": event_id,
            "source": f"/partners/{record.partner}",
            "type": "id.tuntas.class.published.v1",
            "time": LATER,
            "data": data,
        }
        yield SimulatedRecord(
            partner=record.partner,
            topic=record.topic,
            key=record.key,
            headers=[],
            value=json.dumps(body).encode(),
            event_id=event_id,
            shape="class_published",
            outcome="accepted",
        )


def test_the_projector_is_killed_in_the_midst_of_judging_again(
    running_system: RunningSystem, records: list[SimulatedRecord]
) -> None:
    system = running_system
    system.start(ingest=1)
    system.publish(records)
    system.wait_until_drained()
    before = expected_answers(records)
    again = list(published_again(records))
    everything = [*records, *again]
    after = expected_answers(everything)
    changed = [
        (old["partner"], old["participant_id"], old["class_code"])
        for old, new in zip(before.purchased_classes, after.purchased_classes, strict=True)
        if old["satisfied"] != new["satisfied"]
    ]
    assert len(changed) > 100

    # A row that the projector has to change is held, so it stands in the midst of a pass when it is killed.
    with psycopg2.connect(system.database_url) as holder, holder.cursor() as work:
        partner, participant_id, class_code = changed[len(changed) // 2]
        work.execute(HOLD, (participant_id, class_code))
        assert work.rowcount >= 1
        system.publish(again)
        system.wait_until_read(len(everything))
        system.wait_until(lambda: bool(system.rows(WAITING)), "the projector waits for the row")
        system.kill(system.project())
        system.start_project()
    holder.close()
    system.wait_until_drained()
    proof.check_everything(system, everything)
    assert partner


HOLD = """
SELECT partner_id FROM projections.purchased_class JOIN vault.person USING (person)
WHERE participant_id = %s AND class_code = %s FOR UPDATE OF purchased_class
"""
WAITING = """
SELECT pid FROM pg_stat_activity WHERE application_name = 'tuntas project' AND wait_event_type = 'Lock'
"""
