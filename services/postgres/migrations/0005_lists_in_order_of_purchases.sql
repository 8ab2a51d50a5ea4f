-- Lists of purchased classes in order of the first purchase are read through an index.
-- kind: expand
-- runs: outside a transaction
-- takes: some seconds for each million purchased classes; writers go on meanwhile

-- name: forget_unfinished
DROP INDEX CONCURRENTLY IF EXISTS projections.purchased_class_by_purchase;

-- name: by_purchase
CREATE INDEX CONCURRENTLY IF NOT EXISTS purchased_class_by_purchase
    ON projections.purchased_class (partner_id, (coalesce(purchased_at, '-infinity')), class_code, person);

-- name: forget_unfinished_of_unusual
DROP INDEX CONCURRENTLY IF EXISTS projections.unusual_class_by_purchase;

-- name: by_purchase_of_unusual
CREATE INDEX CONCURRENTLY IF NOT EXISTS unusual_class_by_purchase
    ON projections.purchased_class (partner_id, (coalesce(purchased_at, '-infinity')), class_code, person) WHERE unusual;
