-- Which migrations a database has had, and in which form its events are stored.

-- name: tables
-- `reached` is where the last chunk ended, `finished` null while a migration is under way; `checksum` is of its file.
CREATE SCHEMA IF NOT EXISTS tuntas;
CREATE TABLE IF NOT EXISTS tuntas.migration (
    number      integer PRIMARY KEY,
    name        text        NOT NULL,
    kind        text        NOT NULL,
    checksum    text        NOT NULL,
    program     text        NOT NULL,
    begun       timestamptz NOT NULL DEFAULT now(),
    finished    timestamptz,
    reached     jsonb,
    rows_done   bigint      NOT NULL DEFAULT 0,
    rows_total  bigint
);
CREATE TABLE IF NOT EXISTS tuntas.stored_format (
    one          boolean PRIMARY KEY DEFAULT true CHECK (one),
    number       integer NOT NULL,
    fingerprint  text    NOT NULL
)

-- name: kinds_of_tables
-- Whether there are tables with versions, tables of Tuntas without, and the names of tables of anybody else.
SELECT to_regclass('tuntas.migration') IS NOT NULL AND to_regclass('tuntas.stored_format') IS NOT NULL,
       to_regclass('ledger.lane') IS NOT NULL,
       (SELECT coalesce(array_agg(name), '{}') FROM (
            SELECT format('%s.%s', nspname, relname) AS name
            FROM pg_class JOIN pg_namespace ON pg_namespace.oid = relnamespace
            WHERE relkind IN ('r', 'p') AND nspname NOT LIKE 'pg\_%' AND nspname NOT IN ('information_schema', 'tuntas')
              AND NOT EXISTS (SELECT FROM pg_depend
                              WHERE classid = 'pg_class'::regclass AND objid = pg_class.oid AND deptype = 'e')
            ORDER BY 1 LIMIT 3) AS others)

-- name: applied
SELECT number, name, kind, checksum, program, finished IS NOT NULL, reached::text, rows_done, rows_total
FROM tuntas.migration ORDER BY number

-- name: stored_format
SELECT number, fingerprint FROM tuntas.stored_format

-- name: begin
-- Notes that a migration begins; one that was begun before goes on.
INSERT INTO tuntas.migration (number, name, kind, checksum, program)
VALUES (%(number)s, %(name)s, %(kind)s, %(checksum)s, %(program)s)
ON CONFLICT (number) DO NOTHING

-- name: total
UPDATE tuntas.migration SET rows_total = %(rows_total)s WHERE number = %(number)s AND rows_total IS NULL

-- name: progress
UPDATE tuntas.migration SET reached = %(reached)s::jsonb, rows_done = rows_done + %(rows)s WHERE number = %(number)s
RETURNING rows_done, rows_total

-- name: finish
UPDATE tuntas.migration SET finished = clock_timestamp() WHERE number = %(number)s

-- name: stamp
INSERT INTO tuntas.stored_format (number, fingerprint) VALUES (%(number)s, %(fingerprint)s)
ON CONFLICT (one) DO UPDATE SET number = excluded.number, fingerprint = excluded.fingerprint

-- name: try_lock
-- One process at a time migrates; the lock ends with its connection.
SELECT pg_try_advisory_lock(%(key)s)

-- name: unlock
SELECT pg_advisory_unlock(%(key)s)
