-- Who is ready for the incentive after the first completed class, and of whom something is missing, is found by an index.
-- kind: expand
-- runs: outside a transaction
-- takes: some seconds for each million purchased classes; writers go on meanwhile

-- name: forget_unfinished_of_ready
DROP INDEX CONCURRENTLY IF EXISTS projections.watched_ready;

-- name: ready
CREATE INDEX CONCURRENTLY IF NOT EXISTS watched_ready
    ON projections.watched_class (person) WHERE since IS NOT NULL AND is_ready IS NOT FALSE;

-- name: forget_unfinished_of_missing
DROP INDEX CONCURRENTLY IF EXISTS projections.watched_missing;

-- name: missing
CREATE INDEX CONCURRENTLY IF NOT EXISTS watched_missing
    ON projections.watched_class (person) WHERE since IS NOT NULL AND is_ready IS NOT TRUE;
