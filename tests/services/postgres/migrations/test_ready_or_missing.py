"""Migrations 9 to 11: what is noted of completed classes that were followed before is what following them notes."""

from psycopg2.extensions import connection

from services.postgres.connect import transaction
from services.postgres.migrations.baseline import migrations
from services.postgres.migrations.run import migrate
from services.simulator import simulate
from tests.projections.kept import Kept
from tests.services.postgres.migrations.made_up import rows

ROWS = 12_000
"""So many that the migration takes three chunks."""
NOTED = """
SELECT is_ready, count(*) FROM projections.watched_class GROUP BY is_ready ORDER BY is_ready NULLS LAST
"""


def test_it_is_noted_of_completed_classes_by_their_rows(session: connection) -> None:
    migrate(session, known=migrations()[:8])
    with transaction(session) as work:
        work.execute(
            "INSERT INTO projections.purchased_class (person, partner_id, purchase, completion, assessment, flags,"
            " rating, satisfied, class_code)"
            " SELECT n - 6000, 1 + n %% 2, 1, 2, 0, CASE WHEN n %% 3 > 0 THEN 513 ELSE 1 END,"
            " CASE WHEN n %% 2 = 0 THEN 4 END, false, 'C-1' FROM generate_series(1, %s) AS n",
            (ROWS,),
        )
        work.execute(
            "INSERT INTO projections.watched_class (last_reported, since, person, partner_id, state, is_open,"
            " class_code) SELECT now(), CASE WHEN person % 5 <> 0 THEN now() END, person, partner_id, 20, false,"
            " class_code FROM projections.purchased_class"
        )
    migrate(session, known=migrations()[:11])
    third = ROWS * 4 // 5 // 3
    assert rows(session, NOTED) == [(False, 2 * third), (True, third), (None, ROWS // 5)]


def test_following_notes_the_same(session: connection, database_url: str) -> None:
    migrate(session)
    kept = Kept(database_url)
    kept.tell(simulate(2_000, seed=31))
    kept.settle()
    kept.close()
    everything = "SELECT to_jsonb(w)::text FROM projections.watched_class AS w ORDER BY 1"
    followed = rows(session, everything)
    with transaction(session) as work:
        work.execute("UPDATE projections.watched_class SET is_ready = NULL")
        work.execute("DELETE FROM tuntas.migration WHERE number >= 10")
    migrate(session)
    assert rows(session, everything) == followed
    (missing, _), (ready, _), (neither, _) = rows(session, NOTED)
    assert (missing, ready, neither) == (False, True, None)
