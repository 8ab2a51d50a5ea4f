-- What is counted for evaluations: changes on their way, and the sums.

-- name: queue
INSERT INTO projections.delta (partner_id, counts) VALUES (%(partner_id)s, %(counts)s)

-- name: claim
-- One process at a time adds changes up; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727403)

-- name: claim_waiting
-- As claim, but waits for its turn.
SELECT pg_advisory_xact_lock(727403)

-- name: take
-- Takes changes off the queue, the oldest first.
DELETE FROM projections.delta WHERE delta_id IN (
    SELECT delta_id FROM projections.delta ORDER BY delta_id LIMIT %(limit)s
)
RETURNING partner_id, counts

-- name: prepare
CREATE TEMPORARY TABLE IF NOT EXISTS staged_rollup (
    partner_id smallint, package_code text COLLATE "C", class_code text COLLATE "C", metric smallint,
    value double precision, n bigint
) ON COMMIT DELETE ROWS;
TRUNCATE staged_rollup

-- name: stage
COPY staged_rollup (partner_id, package_code, class_code, metric, value, n) FROM STDIN

-- name: add
INSERT INTO projections.rollup AS sums (partner_id, package_code, class_code, metric, value, n)
SELECT partner_id, package_code, class_code, metric, value, n FROM staged_rollup
ON CONFLICT (partner_id, package_code, class_code, metric, value) DO UPDATE SET n = sums.n + excluded.n

-- name: tidy
-- Sums that came to nothing do not stay.
DELETE FROM projections.rollup AS sums USING staged_rollup AS staged
WHERE sums.partner_id = staged.partner_id AND sums.package_code = staged.package_code
  AND sums.class_code = staged.class_code AND sums.metric = staged.metric AND sums.value = staged.value
  AND sums.n = 0 AND staged.n < 0

-- name: waiting
SELECT count(*) FROM projections.delta
