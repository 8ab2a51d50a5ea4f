"""Notes by which certificate numbers and redeem codes events are found, behind the intake, each event once."""

from typing import Final

from projections.reading.codes import TOPICS, code_of
from projections.status.rejudge import Transaction
from projections.storage.sql import load
from services.projector.steps import next_step

SQL: Final = load("services.projector", "codes.sql")
EVENTS: Final = 20_000
"""So many events of a lane are looked at at once."""


def note(opened: Transaction, events: int = EVENTS) -> bool:
    """Notes the codes of the next events of each lane; whether events still wait, False while another one notes."""
    with opened() as cursor:
        step = next_step(cursor, SQL, events)
        if step is None:
            return False
        cursor.execute(SQL["events"], {**step.values, "topics": list(TOPICS)})
        found = [
            (partner_id, code.casefold(), place)
            for partner_id, place, topic, state in cursor.fetchall()
            if (code := code_of(topic, bytes(state))) is not None
        ]
        if found:
            of, codes, places = (list(column) for column in zip(*found, strict=True))
            cursor.execute(SQL["note"], {"partner_ids": of, "codes": codes, "places": places})
        cursor.execute(SQL["noted_to"], step.values)
        return step.more
