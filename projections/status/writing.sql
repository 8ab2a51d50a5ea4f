-- Status rows: projections.purchased_class and projections.purchase.
-- Writers put changed rows into a temporary table by COPY and merge them from there: a row is a function of what was
-- reported and of the catalogue, so whoever may write a participant's rows overwrites them, where they differ. Rows are locked in the
-- order of their keys by all who write them, so that two never wait for each other in a circle.
-- Microseconds become times in two parts: a bigint times an interval goes through a double, which is not exact
-- behind the year 2255.

-- name: prepare
-- Once a connection. Merging must go through the primary keys whatever the planner thinks of a table without
-- statistics, hence the planner settings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_class (
    person bigint, class_code text COLLATE "C", purchased_at bigint, purchase smallint,
    completion smallint, assessment smallint, flags smallint, satisfied boolean, package_codes text[],
    best_scaled double precision, pre_test_scaled double precision, taken_seconds bigint, rating smallint,
    drop_off smallint, paid bigint, paid_refunded bigint, allocated bigint, price_is smallint, partner_id smallint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_purchase (
    person bigint, purchase_id text COLLATE "C", purchased_at bigint, package_code text COLLATE "C",
    unresolved boolean, complete boolean, after_sales_end boolean, withdrawn boolean, refunded boolean,
    amount_differs boolean, unallocated bigint, class_codes text[], missing text[], packages text[],
    partner_id smallint
) ON COMMIT DELETE ROWS;
SET enable_hashjoin = off;
SET enable_mergejoin = off;

-- name: stage_class
-- Columns in the order of projections/staging.py.
COPY staged_class (
    purchase, completion, assessment, flags, satisfied, partner_id, person, class_code, purchased_at,
    package_codes, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded,
    allocated, price_is
) FROM STDIN (FORMAT binary)

-- name: stage_purchase
-- Columns in the order of projections/staging.py.
COPY staged_purchase (
    person, purchase_id, purchased_at, package_code, unresolved, complete, after_sales_end, withdrawn, refunded,
    amount_differs, unallocated, class_codes, missing, packages, partner_id
) FROM STDIN (FORMAT binary)

-- name: merge_classes
-- Writes the staged rows where there was none or another one. Answers these with what was counted before; all null for a
-- row that is new.
INSERT INTO projections.purchased_class AS live (
    purchased_at, partner_id, purchase, completion, assessment, flags, satisfied, person, class_code, package_codes,
    best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded, allocated, price_is
)
SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                           + purchased_at % 1000000 * interval '1 microsecond',
       partner_id, purchase, completion, assessment, flags, satisfied, person, class_code, package_codes,
       best_scaled, pre_test_scaled, taken_seconds, rating, drop_off, paid, paid_refunded, allocated, price_is
FROM staged_class
ORDER BY partner_id, person, class_code
ON CONFLICT (person, partner_id, class_code) DO UPDATE
SET purchased_at = excluded.purchased_at, purchase = excluded.purchase, completion = excluded.completion,
    assessment = excluded.assessment, flags = excluded.flags, satisfied = excluded.satisfied,
    package_codes = excluded.package_codes, best_scaled = excluded.best_scaled,
    pre_test_scaled = excluded.pre_test_scaled, taken_seconds = excluded.taken_seconds, rating = excluded.rating,
    drop_off = excluded.drop_off, paid = excluded.paid, paid_refunded = excluded.paid_refunded,
    allocated = excluded.allocated, price_is = excluded.price_is
WHERE (live.purchased_at, live.purchase, live.completion, live.assessment, live.flags, live.satisfied,
       live.package_codes, live.best_scaled, live.pre_test_scaled, live.taken_seconds, live.rating, live.drop_off,
       live.paid, live.paid_refunded, live.allocated, live.price_is)
      IS DISTINCT FROM
      (excluded.purchased_at, excluded.purchase, excluded.completion, excluded.assessment, excluded.flags,
       excluded.satisfied, excluded.package_codes, excluded.best_scaled, excluded.pre_test_scaled,
       excluded.taken_seconds, excluded.rating, excluded.drop_off, excluded.paid, excluded.paid_refunded,
       excluded.allocated, excluded.price_is)
RETURNING live.partner_id, live.person, live.class_code, old.package_codes,
          (extract(epoch FROM old.purchased_at) * 1000000)::bigint, old.purchase, old.completion, old.assessment,
          old.satisfied, old.flags, old.best_scaled, old.pre_test_scaled, old.rating, old.drop_off, old.taken_seconds,
          old.paid, old.paid_refunded, old.allocated, old.price_is

-- name: merge_purchases
-- Writes the staged rows where there was none or another one; answers what was counted before, and what is now, of those
-- of a package.
WITH merged AS (
    INSERT INTO projections.purchase AS live (
        purchased_at, partner_id, unresolved, complete, after_sales_end, withdrawn, refunded, amount_differs, unallocated,
        purchase_id, person, package_code, class_codes, missing, packages
    )
    SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                               + purchased_at % 1000000 * interval '1 microsecond',
           partner_id, unresolved, complete, after_sales_end, withdrawn, refunded, amount_differs, unallocated, purchase_id,
           person, package_code, class_codes, missing, packages
    FROM staged_purchase
    ORDER BY partner_id, purchase_id, person
    ON CONFLICT (partner_id, purchase_id, person) DO UPDATE
    SET purchased_at = excluded.purchased_at, unresolved = excluded.unresolved, complete = excluded.complete,
        after_sales_end = excluded.after_sales_end, withdrawn = excluded.withdrawn, refunded = excluded.refunded,
        amount_differs = excluded.amount_differs, unallocated = excluded.unallocated,
        package_code = excluded.package_code, class_codes = excluded.class_codes, missing = excluded.missing,
        packages = excluded.packages
    WHERE (live.purchased_at, live.unresolved, live.complete, live.after_sales_end, live.withdrawn, live.refunded,
           live.amount_differs, live.unallocated, live.package_code, live.class_codes, live.missing, live.packages)
          IS DISTINCT FROM
          (excluded.purchased_at, excluded.unresolved, excluded.complete, excluded.after_sales_end, excluded.withdrawn,
           excluded.refunded, excluded.amount_differs, excluded.unallocated, excluded.package_code,
           excluded.class_codes, excluded.missing, excluded.packages)
    RETURNING live.partner_id,
              old.package_code AS old_package_code, old.complete AS old_complete, old.unresolved AS old_unresolved,
              old.after_sales_end AS old_after_sales_end, old.unallocated AS old_unallocated,
              new.package_code, new.complete, new.unresolved, new.after_sales_end, new.unallocated
)
SELECT * FROM merged WHERE package_code IS NOT NULL OR old_package_code IS NOT NULL

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
RETURNING live.class_code, package_codes, (extract(epoch FROM purchased_at) * 1000000)::bigint, purchase, completion,
          assessment, satisfied, flags, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds, paid,
          paid_refunded, allocated, price_is
