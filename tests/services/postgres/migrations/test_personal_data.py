"""Migration 2: rejected records in which a national id stood keep none of it."""

from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.run import migrate
from tests.services.postgres.migrations.made_up import rows

NATIONAL_ID = "3175091234567890"
ROWS = 12_000
"""So many that the migration takes three chunks."""


def test_bytes_keys_ids_and_sentences_of_personal_data_are_cleared(session: connection) -> None:
    migrate(session, known=migrations()[:1])
    with transaction(session) as work:
        work.execute(
            "INSERT INTO ledger.rejection (lane_id, kafka_offset, partner_id, reason, detail, event_id, record_key,"
            " record, record_size, recorded)"
            " SELECT 1 + n %% 2, n, 3 + n %% 4 / 2, CASE n %% 3 WHEN 0 THEN 'personal_data' ELSE 'invalid_data' END,"
            " 'about ' || %(id)s, 'e-' || %(id)s, %(id)s::bytea, ('participant_id ' || %(id)s)::bytea, 31, now()"
            " FROM generate_series(0, %(last)s) AS n",
            {"id": NATIONAL_ID, "last": ROWS - 1},
        )
    others = "SELECT * FROM ledger.rejection WHERE reason <> 'personal_data' ORDER BY partner_id, lane_id, kafka_offset"
    before = rows(session, others)
    migrate(session, known=migrations()[:2])
    kept = rows(
        session,
        "SELECT count(*), count(event_id), count(record_key), sum(octet_length(record)), min(record_size), "
        f"count(*) FILTER (WHERE detail LIKE '%{NATIONAL_ID}%') "
        "FROM ledger.rejection WHERE reason = 'personal_data'",
    )
    assert kept == [(ROWS // 3, 0, 0, 0, 31, 0)]
    assert rows(session, others) == before
