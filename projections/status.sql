-- Status rows: projections.purchased_class and projections.purchase.
-- Writers put changed rows into a temporary table by COPY and merge them from there. The version that a row
-- replaces is compared, so that of two writers with the same view of a row the second notices. Rows are locked in the
-- order of their keys by all who write them, so that two never wait for each other in a circle.
-- Microseconds become times in two parts: a bigint times an interval goes through a double, which is not exact
-- behind the year 2255.

-- name: prepare
-- Once a connection. Merging must go through the primary keys whatever the planner thinks of a table without
-- statistics, hence the planner settings.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_class (
    participant_id text COLLATE "C", class_code text COLLATE "C", expected integer, version integer,
    purchased_at bigint, purchase smallint, completion smallint, assessment smallint, flags smallint,
    satisfied boolean, package_codes text[], evidence bytea, best_scaled double precision,
    pre_test_scaled double precision, taken_seconds bigint, rating smallint, drop_off smallint, partner_id smallint
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
WHERE participant_id = ANY(%(participant_ids)s::text[]) AND partner_id = %(partner_id)s;

-- name: stage_class
-- Columns in the order of projections/staging.py.
COPY staged_class (
    expected, version, purchase, completion, assessment, flags, satisfied, partner_id, participant_id, class_code,
    purchased_at, package_codes, evidence, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off
) FROM STDIN (FORMAT binary)

-- name: stage_purchase
-- Columns in the order of projections/staging.py.
COPY staged_purchase (
    participant_id, purchase_id, purchased_at, package_code, unresolved, complete, after_sales_end, class_codes,
    missing, partner_id
) FROM STDIN (FORMAT binary)

-- name: update_class
-- Replaces rows whose version is still the expected one. Answers how many, and beside that number the rows of which
-- something else is counted now, with what was counted before; one row with the number alone when there is none.
WITH replaced AS (
    UPDATE projections.purchased_class AS live
    SET purchased_at = timestamptz 'epoch' + staged.purchased_at / 1000000 * interval '1 second'
                                           + staged.purchased_at % 1000000 * interval '1 microsecond',
        version = staged.version, purchase = staged.purchase, completion = staged.completion,
        assessment = staged.assessment, flags = staged.flags, satisfied = staged.satisfied,
        package_codes = staged.package_codes, evidence = staged.evidence, best_scaled = staged.best_scaled,
        pre_test_scaled = staged.pre_test_scaled, taken_seconds = staged.taken_seconds, rating = staged.rating,
        drop_off = staged.drop_off
    FROM (
        SELECT * FROM staged_class WHERE expected > 0 ORDER BY partner_id, participant_id, class_code
    ) AS staged
    WHERE live.participant_id = staged.participant_id AND live.partner_id = staged.partner_id
      AND live.class_code = staged.class_code AND live.version = staged.expected
    RETURNING live.partner_id, live.participant_id, live.class_code, old.package_codes, old.purchased_at, old.purchase,
              old.completion, old.assessment, old.satisfied, old.flags, old.best_scaled, old.pre_test_scaled,
              old.rating, old.drop_off, old.taken_seconds,
              (old.package_codes, old.purchased_at, old.purchase, old.completion, old.assessment, old.satisfied,
               old.flags, old.best_scaled, old.pre_test_scaled, old.rating, old.drop_off, old.taken_seconds)
              IS DISTINCT FROM
              (new.package_codes, new.purchased_at, new.purchase, new.completion, new.assessment, new.satisfied,
               new.flags, new.best_scaled, new.pre_test_scaled, new.rating, new.drop_off, new.taken_seconds) AS differs
)
SELECT (SELECT count(*) FROM replaced), partner_id, participant_id, class_code, package_codes,
       (extract(epoch FROM purchased_at) * 1000000)::bigint, purchase, completion, assessment, satisfied, flags,
       best_scaled, pre_test_scaled, rating, drop_off, taken_seconds
FROM (VALUES (true)) AS once (differs) LEFT JOIN replaced USING (differs)

-- name: insert_class
-- Adds rows that did not exist; one that does by now is left alone, and the count tells.
INSERT INTO projections.purchased_class (
    purchased_at, version, partner_id, purchase, completion, assessment, flags, satisfied, participant_id, class_code,
    package_codes, evidence, best_scaled, pre_test_scaled, taken_seconds, rating, drop_off
)
SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                           + purchased_at % 1000000 * interval '1 microsecond',
       version, partner_id, purchase, completion,
       assessment, flags, satisfied, participant_id, class_code, package_codes, evidence, best_scaled, pre_test_scaled,
       taken_seconds, rating, drop_off
FROM staged_class WHERE expected = 0
ORDER BY partner_id, participant_id, class_code
ON CONFLICT (participant_id, partner_id, class_code) DO NOTHING

-- name: delete_classes
-- Removes rows of one partner that hold nothing any more, if their versions are still the expected ones.
DELETE FROM projections.purchased_class AS live
USING (
    SELECT * FROM unnest(%(participant_ids)s::text[], %(class_codes)s::text[], %(expected)s::integer[])
        AS gone (participant_id, class_code, expected)
    ORDER BY participant_id COLLATE "C", class_code COLLATE "C"
) AS gone
WHERE live.participant_id = gone.participant_id COLLATE "C" AND live.partner_id = %(partner_id)s
  AND live.class_code = gone.class_code COLLATE "C" AND live.version = gone.expected
RETURNING live.partner_id, live.class_code, package_codes, (extract(epoch FROM purchased_at) * 1000000)::bigint, purchase, completion,
          assessment, satisfied, flags, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds

-- name: upsert_purchase
INSERT INTO projections.purchase AS live (
    purchased_at, partner_id, unresolved, complete, after_sales_end, purchase_id, participant_id, package_code,
    class_codes, missing
)
SELECT timestamptz 'epoch' + purchased_at / 1000000 * interval '1 second'
                           + purchased_at % 1000000 * interval '1 microsecond',
       partner_id, unresolved, complete, after_sales_end, purchase_id, participant_id, package_code, class_codes,
       missing
FROM staged_purchase
ORDER BY partner_id, purchase_id, participant_id
ON CONFLICT (partner_id, purchase_id, participant_id) DO UPDATE
SET purchased_at = excluded.purchased_at, unresolved = excluded.unresolved, complete = excluded.complete,
    after_sales_end = excluded.after_sales_end, package_code = excluded.package_code,
    class_codes = excluded.class_codes, missing = excluded.missing
RETURNING live.partner_id, old.package_code, old.complete, old.unresolved, old.after_sales_end,
          new.package_code, new.complete, new.unresolved, new.after_sales_end

-- name: delete_purchases
-- Removes purchases of one partner; those that are not there count as removed.
DELETE FROM projections.purchase AS live
USING (
    SELECT * FROM unnest(%(participant_ids)s::text[], %(purchase_ids)s::text[]) AS gone (participant_id, purchase_id)
    ORDER BY purchase_id COLLATE "C", participant_id COLLATE "C"
) AS gone
WHERE live.partner_id = %(partner_id)s AND live.purchase_id = gone.purchase_id COLLATE "C"
  AND live.participant_id = gone.participant_id COLLATE "C"
RETURNING live.partner_id, live.package_code, live.complete, live.unresolved, live.after_sales_end
