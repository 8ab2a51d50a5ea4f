-- The tables of one projection, in a schema of its own that stands for {schema}.

-- name: create
-- One process at a time: two that create the same schema at once would both find it missing.
SELECT pg_advisory_xact_lock(hashtext('tuntas: own projections'));
CREATE SCHEMA IF NOT EXISTS {schema};
CREATE TABLE IF NOT EXISTS {schema}.tracking (
    application_name text   PRIMARY KEY COLLATE "C",
    notification_id  bigint NOT NULL
) WITH (fillfactor = 50)

-- name: insert_tracking
-- Moves a lane's tracking forward; no row when it already stands there or further. A commit that a crash takes back
-- takes rows and tracking back together: nothing has to wait for the disk.
SET LOCAL synchronous_commit = off;
INSERT INTO {schema}.tracking AS kept (application_name, notification_id)
VALUES (%(application_name)s, %(notification_id)s)
ON CONFLICT (application_name) DO UPDATE SET notification_id = excluded.notification_id
WHERE kept.notification_id < excluded.notification_id
RETURNING notification_id

-- name: max_tracking
-- How far a lane was followed.
SELECT notification_id FROM {schema}.tracking WHERE application_name = %(application_name)s
