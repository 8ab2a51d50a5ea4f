-- Status rows: projections.purchased_class and projections.purchase.
-- Writers put changed rows into a temporary table by COPY and merge them from there. The version that a row
-- replaces is compared, so that of two writers with the same view of a row the second notices.

-- name: prepare
-- Once a connection. Merging must go through the primary keys whatever the planner thinks of a table without
-- statistics, hence the planner settings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_class (
    participant_id text COLLATE "C", class_code text COLLATE "C", expected integer, version integer,
    purchased_at bigint, purchase smallint, completion smallint, assessment smallint, flags smallint,
    satisfied boolean, package_codes text[], evidence bytea, partner_id smallint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_purchase (
    participant_id text COLLATE "C", purchase_id text COLLATE "C", purchased_at bigint, package_code text COLLATE "C",
    unresolved boolean, complete boolean, after_sales_end boolean, class_codes text[], missing text[],
    partner_id smallint
) ON COMMIT DELETE ROWS;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- name: load
-- Every row of some participants of one partner.
SELECT participant_id, class_code, version, completion, evidence
FROM projections.purchased_class
WHERE participant_id = ANY(%(participant_ids)s) AND partner_id = %(partner_id)s;

-- name: stage_class
COPY staged_class (
    participant_id, class_code, expected, version, purchased_at, purchase, completion, assessment, flags,
    satisfied, package_codes, evidence, partner_id
) FROM STDIN

-- name: stage_purchase
COPY staged_purchase (
    participant_id, purchase_id, purchased_at, package_code, unresolved, complete, after_sales_end,
    class_codes, missing, partner_id
) FROM STDIN

-- name: update_class
-- Replaces rows whose version is still the expected one; the count tells whether all were.
UPDATE projections.purchased_class AS live
SET purchased_at = timestamptz 'epoch' + staged.purchased_at * interval '1 microsecond',
    version = staged.version, purchase = staged.purchase, completion = staged.completion,
    assessment = staged.assessment, flags = staged.flags, satisfied = staged.satisfied,
    package_codes = staged.package_codes, evidence = staged.evidence
FROM staged_class AS staged
WHERE live.participant_id = staged.participant_id AND live.partner_id = staged.partner_id
  AND live.class_code = staged.class_code AND live.version = staged.expected AND staged.expected > 0

-- name: insert_class
-- Adds rows that did not exist; one that does by now is left alone, and the count tells.
INSERT INTO projections.purchased_class (
    purchased_at, version, partner_id, purchase, completion, assessment, flags, satisfied,
    participant_id, class_code, package_codes, evidence
)
SELECT timestamptz 'epoch' + purchased_at * interval '1 microsecond', version, partner_id, purchase, completion,
       assessment, flags, satisfied, participant_id, class_code, package_codes, evidence
FROM staged_class WHERE expected = 0
ON CONFLICT (participant_id, partner_id, class_code) DO NOTHING

-- name: delete_class
-- Removes a row that holds nothing any more, if its version is still the expected one.
DELETE FROM projections.purchased_class
WHERE participant_id = %(participant_id)s AND partner_id = %(partner_id)s AND class_code = %(class_code)s
  AND version = %(expected)s

-- name: upsert_purchase
INSERT INTO projections.purchase AS live (
    purchased_at, partner_id, unresolved, complete, after_sales_end, purchase_id, participant_id, package_code,
    class_codes, missing
)
SELECT timestamptz 'epoch' + purchased_at * interval '1 microsecond', partner_id, unresolved, complete,
       after_sales_end, purchase_id, participant_id, package_code, class_codes, missing
FROM staged_purchase
ON CONFLICT (partner_id, purchase_id, participant_id) DO UPDATE
SET purchased_at = excluded.purchased_at, unresolved = excluded.unresolved, complete = excluded.complete,
    after_sales_end = excluded.after_sales_end, package_code = excluded.package_code,
    class_codes = excluded.class_codes, missing = excluded.missing

-- name: delete_purchase
DELETE FROM projections.purchase
WHERE partner_id = %(partner_id)s AND purchase_id = %(purchase_id)s AND participant_id = %(participant_id)s
