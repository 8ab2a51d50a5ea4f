-- Status rows: projections.purchased_class and projections.purchase.
-- Writers put changed rows into a temporary table by COPY and merge them from there: a row is a function of what was
-- reported and of the catalogue, so whoever may write a participant's rows overwrites them. Rows are locked in the
-- order of their keys by all who write them, so that two never wait for each other in a circle.
-- Microseconds become times in two parts: a bigint times an interval goes through a double, which is not exact
-- behind the year 2255.

-- name: prepare
-- Once a connection. Merging must go through the primary keys whatever the planner thinks of a table without
-- statistics, hence the planner settings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_class (
    participant_id text COLLATE "C", class_code text COLLATE "C", purchased_at bigint, purchase smallint,
    completion smallint, assessment smallint, flags smallint, satisfied boolean, package_codes text[], evidence bytea,
    best_scaled double precision, pre_test_scaled double precision, taken_seconds bigint, rating smallint,
    drop_off smallint, paid bigint, paid_refunded bigint, allocated bigint, price_is smallint, partner_id smallint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_purchase (
    participant_id text COLLATE "C", purchase_id text COLLATE "C", purchased_at bigint, package_code text COLLATE "C",
    unresolved boolean, complete boolean, after_sales_end boolean, withdrawn boolean, refunded boolean,
    amount_differs boolean, unallocated bigint, class_codes text[], missing text[], packages text[], evidence bytea,
    partner_id smallint
) ON COMMIT DELETE ROWS;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- name: stage_class
-- Columns in the order of projections/staging.py.
COPY staged_class (
    purchase, completion, assessment, flags, satisfied, partner_id, participant_id, class_code, purchased_at,
    package_codes, evidence, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded,
    allocated, price_is
) FROM STDIN (FORMAT binary)

-- name: stage_purchase
-- Columns in the order of projections/staging.py.
COPY staged_purchase (
    participant_id, purchase_id, purchased_at, package_code, unresolved, complete, after_sales_end, withdrawn, refunded,
    amount_differs, unallocated, class_codes, missing, packages, evidence, partner_id
) FROM STDIN (FORMAT binary)

-- name: merge_classes
-- Writes the staged rows, whatever was there. Answers those of which something else is counted now, with what was
-- counted before; all null for a row that is new.
WITH merged AS (
    INSERT INTO projections.purchased_class AS live (
        purchased_at, partner_id, purchase, completion, assessment, flags, satisfied, participant_id, class_code,
        package_codes, evidence, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded,
        allocated, price_is
    )
    SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                               + purchased_at % 1000000 * interval '1 microsecond',
           partner_id, purchase, completion, assessment, flags, satisfied, participant_id, class_code, package_codes,
           evidence, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded, allocated,
           price_is
    FROM staged_class
    ORDER BY partner_id, participant_id, class_code
    ON CONFLICT (participant_id, partner_id, class_code) DO UPDATE
    SET purchased_at = excluded.purchased_at, purchase = excluded.purchase, completion = excluded.completion,
        assessment = excluded.assessment, flags = excluded.flags, satisfied = excluded.satisfied,
        package_codes = excluded.package_codes, evidence = excluded.evidence, best_scaled = excluded.best_scaled,
        pre_test_scaled = excluded.pre_test_scaled, taken_seconds = excluded.taken_seconds, rating = excluded.rating,
        drop_off = excluded.drop_off, paid = excluded.paid, paid_refunded = excluded.paid_refunded,
        allocated = excluded.allocated, price_is = excluded.price_is
    RETURNING live.partner_id, live.participant_id, live.class_code, old.package_codes, old.purchased_at, old.purchase,
              old.completion, old.assessment, old.satisfied, old.flags, old.best_scaled, old.pre_test_scaled,
              old.rating, old.drop_off, old.taken_seconds, old.paid, old.paid_refunded, old.allocated, old.price_is,
              (old.package_codes, old.purchased_at, old.purchase, old.completion, old.assessment, old.satisfied,
               old.flags, old.best_scaled, old.pre_test_scaled, old.rating, old.drop_off, old.taken_seconds, old.paid,
               old.paid_refunded, old.allocated, old.price_is)
              IS DISTINCT FROM
              (new.package_codes, new.purchased_at, new.purchase, new.completion, new.assessment, new.satisfied,
               new.flags, new.best_scaled, new.pre_test_scaled, new.rating, new.drop_off, new.taken_seconds, new.paid,
               new.paid_refunded, new.allocated, new.price_is) AS differs
)
SELECT partner_id, participant_id, class_code, package_codes, (extract(epoch FROM purchased_at) * 1000000)::bigint,
       purchase, completion, assessment, satisfied, flags, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds,
       paid, paid_refunded, allocated, price_is
FROM merged WHERE differs

-- name: merge_purchases
-- Writes the staged rows, whatever was there; answers what was counted before, and what is now, of those of a package.
WITH merged AS (
    INSERT INTO projections.purchase AS live (
        purchased_at, partner_id, unresolved, complete, after_sales_end, withdrawn, refunded, amount_differs, unallocated,
        purchase_id, participant_id, package_code, class_codes, missing, packages, evidence
    )
    SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                               + purchased_at % 1000000 * interval '1 microsecond',
           partner_id, unresolved, complete, after_sales_end, withdrawn, refunded, amount_differs, unallocated, purchase_id,
           participant_id, package_code, class_codes, missing, packages, evidence
    FROM staged_purchase
    ORDER BY partner_id, purchase_id, participant_id
    ON CONFLICT (partner_id, purchase_id, participant_id) DO UPDATE
    SET purchased_at = excluded.purchased_at, unresolved = excluded.unresolved, complete = excluded.complete,
        after_sales_end = excluded.after_sales_end, withdrawn = excluded.withdrawn, refunded = excluded.refunded,
        amount_differs = excluded.amount_differs, unallocated = excluded.unallocated, package_code = excluded.package_code,
        class_codes = excluded.class_codes, missing = excluded.missing, packages = excluded.packages,
        evidence = excluded.evidence
    RETURNING live.partner_id,
              old.package_code AS old_package_code, old.complete AS old_complete, old.unresolved AS old_unresolved,
              old.after_sales_end AS old_after_sales_end, old.unallocated AS old_unallocated,
              new.package_code, new.complete, new.unresolved, new.after_sales_end, new.unallocated
)
SELECT * FROM merged WHERE package_code IS NOT NULL OR old_package_code IS NOT NULL

-- name: class_keys
-- Which class rows there are of some participants of one partner.
SELECT participant_id, class_code FROM projections.purchased_class
WHERE participant_id = ANY (%(participant_ids)s::text[]) AND partner_id = %(partner_id)s

-- name: delete_classes
-- Removes class rows of one partner; answers what was counted of each.
DELETE FROM projections.purchased_class AS live
USING (
    SELECT * FROM unnest(%(participant_ids)s::text[], %(class_codes)s::text[]) AS gone (participant_id, class_code)
    ORDER BY participant_id COLLATE "C", class_code COLLATE "C"
) AS gone
WHERE live.participant_id = gone.participant_id COLLATE "C" AND live.partner_id = %(partner_id)s
  AND live.class_code = gone.class_code COLLATE "C"
RETURNING live.class_code, package_codes, (extract(epoch FROM purchased_at) * 1000000)::bigint, purchase, completion,
          assessment, satisfied, flags, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds, paid,
          paid_refunded, allocated, price_is
