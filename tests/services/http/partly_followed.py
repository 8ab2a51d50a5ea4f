"""A season that the project service follows a part of."""

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Final

from projections.sums import rollup
from services.embedded.postgres import EmbeddedPostgres
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.http.conftest import Api, running

SHARES: Final = {"all": 1.0, "some": 2 / 3, "nothing": 0.0}
WAITING: Final = """
SELECT sum(lane.position - coalesce(followed.position, 0))
FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
"""


@contextmanager
def partly_followed(server: EmbeddedPostgres, name: str, share: float) -> Iterator[Api]:
    """The API over a database of this name, in which that share is followed; events come in any order, and some again.

    The catalogue comes first, with what was withdrawn of it, and is followed: else no row of what is followed may be
    asked.
    """
    kept = Kept(server.create_database(name))
    records = list(simulate(2_500, seed=23))
    chance = random.Random(5)
    catalogue = [record for record in records if not (record.key or b"PRK").startswith(b"PRK")]
    events = [record for record in records if record not in catalogue]
    chance.shuffle(events)
    followed = round(share * len(events))
    kept.tell(catalogue + events[:followed])
    kept.settle()
    kept.tell(events[followed:] + chance.sample(events, 200))
    kept.rejudge()
    with kept.transaction() as work:
        rollup.add_up_all(work)
        work.execute(WAITING)
        (waiting,) = work.fetchone()
    assert (waiting > 0) == (share < 1)
    with running(kept.url) as found:
        yield found
    kept.close()
    server.drop_database(name)
