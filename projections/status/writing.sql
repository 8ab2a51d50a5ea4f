-- Status rows: projections.purchased_class and projections.purchase.
-- Writers put changed rows into a temporary table by COPY and merge them from there: a row is a function of what was
-- reported and of the catalogue, so whoever may write a participant's rows overwrites them, where they differ. Rows are locked in the
-- order of their keys by all who write them, so that two never wait for each other in a circle.
-- The columns stand in projections/storage/columns.py.

-- name: prepare
-- Once a connection. Merging must go through the primary keys whatever the planner thinks of a table without
-- statistics, hence the planner settings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_class ({class_types}) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_purchase ({purchase_types}) ON COMMIT DELETE ROWS;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- name: stage_class
COPY staged_class ({class_columns}) FROM STDIN (FORMAT binary)

-- name: stage_purchase
COPY staged_purchase ({purchase_columns}) FROM STDIN (FORMAT binary)

-- name: merge_classes
-- Writes the staged rows where there was none or another one. Answers these with what was counted before; all null for a
-- row that is new.
INSERT INTO projections.purchased_class AS live ({class_columns})
SELECT {class_columns} FROM staged_class ORDER BY partner_id, person, class_code
ON CONFLICT (person, partner_id, class_code) DO UPDATE SET {class_replaced}
WHERE {class_differ}
RETURNING live.partner_id, live.person, live.class_code, old.package_codes, {class_counted_before}

-- name: merge_purchases
-- Writes the staged rows where there was none or another one; answers what was counted before, and what is now, of those
-- of a package.
WITH merged AS (
    INSERT INTO projections.purchase AS live ({purchase_columns})
    SELECT {purchase_columns} FROM staged_purchase ORDER BY partner_id, purchase_id, person
    ON CONFLICT (partner_id, purchase_id, person) DO UPDATE SET {purchase_replaced}
    WHERE {purchase_differ}
    RETURNING live.partner_id, {purchase_counted_before}, {purchase_counted_now}
)
SELECT * FROM merged WHERE package_code IS NOT NULL OR package_code_before IS NOT NULL

-- name: class_keys
-- Which class rows there are of some participants of one partner.
SELECT person, class_code FROM projections.purchased_class
WHERE person = ANY (%(persons)s::bigint[]) AND partner_id = %(partner_id)s

-- name: delete_classes
-- Removes class rows of one partner; answers what was counted of each.
DELETE FROM projections.purchased_class AS live
USING (
    SELECT * FROM unnest(%(persons)s::bigint[], %(class_codes)s::text[]) AS gone (person, class_code)
    ORDER BY person, class_code COLLATE "C"
) AS gone
WHERE live.person = gone.person AND live.partner_id = %(partner_id)s
  AND live.class_code = gone.class_code COLLATE "C"
RETURNING live.class_code, package_codes, {class_counted}
