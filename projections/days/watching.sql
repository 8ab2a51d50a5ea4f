-- What worklists ask of purchased classes (projections/storage/tables.sql, watched_class). Columns in the order of
-- projections/days/watching.py.

-- name: prepare
-- Answers whether there is something left in the temporary table.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_watched (
    last_reported timestamptz, since timestamptz, state smallint, is_open boolean, is_ready boolean, person bigint,
    partner_id smallint, class_code text COLLATE "C"
) ON COMMIT DELETE ROWS;
SELECT EXISTS (SELECT FROM staged_watched)

-- name: clear
TRUNCATE staged_watched

-- name: stage
COPY staged_watched (last_reported, since, state, is_open, is_ready, person, partner_id, class_code) FROM STDIN (FORMAT binary)

-- name: load
COPY projections.watched_class (last_reported, since, state, is_open, is_ready, person, partner_id, class_code)
FROM STDIN (FORMAT binary)

-- name: write
INSERT INTO projections.watched_class AS held (last_reported, since, state, is_open, is_ready, person, partner_id, class_code)
SELECT last_reported, since, state, is_open, is_ready, person, partner_id, class_code FROM staged_watched
WHERE last_reported IS NOT NULL
ORDER BY person, class_code
ON CONFLICT (person, partner_id, class_code) DO UPDATE
SET last_reported = excluded.last_reported, since = excluded.since, state = excluded.state, is_open = excluded.is_open,
    is_ready = excluded.is_ready
WHERE (held.last_reported, held.since, held.state, held.is_open, held.is_ready)
      IS DISTINCT FROM (excluded.last_reported, excluded.since, excluded.state, excluded.is_open, excluded.is_ready)

-- name: remove
DELETE FROM projections.watched_class AS held USING staged_watched AS staged
WHERE staged.last_reported IS NULL
  AND held.person = staged.person AND held.partner_id = staged.partner_id AND held.class_code = staged.class_code
