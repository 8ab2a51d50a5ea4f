"""The migrations lead to the tables that the scripts of today say, and to what stands in them at first."""

from collections.abc import Callable

from psycopg2.extensions import connection, parse_dsn

from services.postgres.connect import close, connect, transaction
from services.postgres.migrations.baseline import scripts
from services.postgres.migrations.run import migrate
from tests.services.postgres.migrations.made_up import rows

OURS = "('ledger', 'projections', 'control', 'vault')"
COLUMNS = f"""
    SELECT table_schema, table_name, column_name, data_type, is_nullable, column_default, collation_name,
           is_identity, generation_expression
    FROM information_schema.columns WHERE table_schema IN {OURS} ORDER BY 1, 2, 3"""
INDICES = f"SELECT schemaname, indexname, indexdef FROM pg_indexes WHERE schemaname IN {OURS} ORDER BY 1, 2"
CONSTRAINTS = f"""
    SELECT conrelid::regclass::text, conname, pg_get_constraintdef(oid)
    FROM pg_constraint WHERE connamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN {OURS}) ORDER BY 1, 2"""
FUNCTIONS = f"""
    SELECT pg_get_functiondef(oid)
    FROM pg_proc WHERE pronamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN {OURS}) ORDER BY 1"""
VIEWS = f"SELECT schemaname, viewname, definition FROM pg_views WHERE schemaname IN {OURS} ORDER BY 1, 2"
STORAGE = f"""
    SELECT relname, reloptions FROM pg_class
    WHERE relnamespace IN (SELECT oid FROM pg_namespace WHERE nspname IN {OURS}) ORDER BY relname, relkind"""
TABLES = f"SELECT schemaname, tablename FROM pg_tables WHERE schemaname IN {OURS} ORDER BY 1, 2"
CATALOGUES = (COLUMNS, INDICES, CONSTRAINTS, FUNCTIONS, VIEWS, STORAGE, TABLES)


def contents(session: connection) -> dict[str, list[str]]:
    """What stands in tables, but for the times at which it was written."""
    found = {}
    for schema, table in rows(session, TABLES):
        query = f"SELECT (to_jsonb(t) - 'switched')::text FROM {schema}.{table} AS t ORDER BY 1"
        found[f"{schema}.{table}"] = [text for (text,) in rows(session, query)]
    return found


def test_migrations_lead_to_the_tables_of_today(
    database_url: str, session: connection, open_session: Callable[[], connection]
) -> None:
    migrate(session)
    name = parse_dsn(database_url)["dbname"]
    boss = open_session()
    boss.autocommit = True
    with boss.cursor() as work:
        work.execute(f"CREATE DATABASE {name}_today")
    today = connect(database_url.replace(name, f"{name}_today"), "test")
    try:
        with transaction(today) as work:
            for script in scripts().values():
                work.execute(script)
        for catalogue in CATALOGUES:
            assert rows(session, catalogue) == rows(today, catalogue)
        assert contents(session) == contents(today)
    finally:
        close(today)
        with boss.cursor() as work:
            work.execute(f"DROP DATABASE {name}_today")
