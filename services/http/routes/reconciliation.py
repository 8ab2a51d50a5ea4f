"""What a partner declared of its own events, and what of them is here."""

from datetime import datetime
from typing import Final

from fastapi import Response
from msgspec.structs import asdict

from projections.reading import reconciliation
from projections.reading.instants import instant
from projections.reading.intake import Freshness
from projections.reading.reconciliation import Reconciliation
from projections.reading.session import SnapshotSession
from services.cloudevents import time
from services.http import parameters
from services.http.routing import Asked, Route, json


class ReconciliationAnswer(Reconciliation, frozen=True, kw_only=True):
    """What was declared, accepted and rejected. What waits in Kafka is not here yet: see ``freshness``."""

    as_of: datetime
    freshness: Freshness


async def reconciled(asked: Asked) -> Response:
    """The answer of ``/v1/partners/{partner}/reconciliation``."""
    partner = asked.path["partner"]
    partner_id = asked.caller.partner_of_path(partner)
    asked_as_of = asked.query["as_of"]
    as_of = parameters.now() if asked_as_of is None else asked_as_of

    async def read(session: SnapshotSession) -> Reconciliation:
        return await reconciliation.reconciliation(
            session, partner, partner_id, as_of, time.microseconds
        )

    # What waits in Kafka is read first: what arrives in between is then seen, not called missing.
    freshness = await asked.sources.freshness.of((partner_id,))
    found = await asked.sources.database.read_snapshot(read)
    return json(ReconciliationAnswer(**asdict(found), as_of=instant(as_of), freshness=freshness))


ROUTES: Final = (
    Route(
        path="/v1/partners/{partner}/reconciliation",
        name="reconciliation",
        summary="Per declared total: declared, accepted, arrived in rejected records only, missing",
        answer=ReconciliationAnswer,
        respond=reconciled,
        parameters=(parameters.AS_OF,),
        not_found="There is no such partner.",
    ),
)
