-- What is counted for evaluations: changes on their way, and the sums.

-- name: claim
-- One process at a time adds changes up; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727403)

-- name: claim_waiting
-- As claim, but waits for its turn.
SELECT pg_advisory_xact_lock(727403)

-- name: prepare
-- Answers whether there is something left in the temporary tables.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_rollup (
    partner_id smallint, package_code text COLLATE "C", class_code text COLLATE "C", metric smallint,
    value double precision, n bigint
) ON COMMIT DELETE ROWS;
CREATE TEMPORARY TABLE IF NOT EXISTS staged_institution (
    partner_id smallint, institution text COLLATE "C", metric smallint, value double precision, n bigint
) ON COMMIT DELETE ROWS;
SELECT EXISTS (SELECT FROM staged_rollup) OR EXISTS (SELECT FROM staged_institution)

-- name: clear
-- Only where something is left of earlier in the same transaction: each time costs PostgreSQL new files.
TRUNCATE staged_rollup, staged_institution

-- name: stage
COPY staged_rollup (partner_id, package_code, class_code, metric, value, n) FROM STDIN

-- name: add
INSERT INTO projections.rollup AS sums (partner_id, package_code, class_code, metric, value, n)
SELECT partner_id, package_code, class_code, metric, value, n FROM staged_rollup
ON CONFLICT (partner_id, package_code, class_code, metric, value) DO UPDATE SET n = sums.n + excluded.n

-- name: tidy
-- Sums that came to nothing do not stay. OFFSET 0 keeps it one probe of the primary key a staged row: believing that few
-- sums are 0, the planner would look through all that is staged for each of them.
DELETE FROM projections.rollup WHERE ctid = ANY (ARRAY(
    SELECT nothing.ctid
    FROM staged_rollup AS staged
    CROSS JOIN LATERAL (
        SELECT sums.ctid FROM projections.rollup AS sums
        WHERE sums.partner_id = staged.partner_id AND sums.package_code = staged.package_code
          AND sums.class_code = staged.class_code AND sums.metric = staged.metric AND sums.value = staged.value
          AND sums.n = 0
        OFFSET 0
    ) AS nothing
))

-- name: stage_institutions
-- Of what is staged, the classes' own counts, for the institutions that they are added up under. An institution has
-- hundredths (metric 55) for scores (51) and hours (52) for seconds (53); the exact ones are its classes'.
INSERT INTO staged_institution (partner_id, institution, metric, value, n)
SELECT staged.partner_id, class.summed_institution,
       CASE staged.metric WHEN 51 THEN 55 WHEN 53 THEN 52 ELSE staged.metric END AS of_metric,
       CASE staged.metric WHEN 51 THEN width_bucket(staged.value, %(hundredths)s::float8[])
                         WHEN 53 THEN floor(staged.value / 3600) ELSE staged.value END AS of_value,
       sum(staged.n)
FROM staged_rollup AS staged JOIN projections.class USING (partner_id, class_code)
WHERE staged.package_code = '' AND class.summed_institution IS NOT NULL
GROUP BY staged.partner_id, class.summed_institution, of_metric, of_value

-- name: stage_moved
-- As stage_institutions, the sums of classes that leave one institution and join another one (null: none).
INSERT INTO staged_institution (partner_id, institution, metric, value, n)
SELECT moved.partner_id, moved.institution,
       CASE of_class.metric WHEN 51 THEN 55 WHEN 53 THEN 52 ELSE of_class.metric END AS of_metric,
       CASE of_class.metric WHEN 51 THEN width_bucket(of_class.value, %(hundredths)s::float8[])
                         WHEN 53 THEN floor(of_class.value / 3600) ELSE of_class.value END AS of_value,
       sum(moved.sign * of_class.n)
FROM (
    SELECT partner_id, class_code, before AS institution, -1 AS sign
    FROM unnest(%(partner_ids)s::smallint[], %(class_codes)s::text[], %(before)s::text[])
      AS left_behind (partner_id, class_code, before)
    WHERE before IS NOT NULL
    UNION ALL
    SELECT partner_id, class_code, after, 1
    FROM unnest(%(partner_ids)s::smallint[], %(class_codes)s::text[], %(after)s::text[])
      AS joined (partner_id, class_code, after)
    WHERE after IS NOT NULL
) AS moved
JOIN projections.rollup AS of_class
  ON of_class.partner_id = moved.partner_id AND of_class.package_code = ''
 AND of_class.class_code = moved.class_code COLLATE "C"
GROUP BY moved.partner_id, moved.institution, of_metric, of_value

-- name: stage_everywhere
-- Plain counts, ratings and money (metrics 40 to 49) of institutions over all partners, under the partner 0: lists show these.
INSERT INTO staged_institution (partner_id, institution, metric, value, n)
SELECT 0, institution, metric, value, sum(n) FROM staged_institution
WHERE metric < 20 OR metric BETWEEN 40 AND 49
GROUP BY institution, metric, value

-- name: add_to_institutions
INSERT INTO projections.institution_rollup AS sums (institution, partner_id, metric, value, n)
SELECT institution, partner_id, metric, value, n FROM staged_institution WHERE n <> 0
ON CONFLICT (institution, partner_id, metric, value) DO UPDATE SET n = sums.n + excluded.n

-- name: tidy_institutions
-- As tidy.
DELETE FROM projections.institution_rollup WHERE ctid = ANY (ARRAY(
    SELECT nothing.ctid
    FROM staged_institution AS staged
    CROSS JOIN LATERAL (
        SELECT sums.ctid FROM projections.institution_rollup AS sums
        WHERE sums.institution = staged.institution AND sums.partner_id = staged.partner_id
          AND sums.metric = staged.metric AND sums.value = staged.value AND sums.n = 0
        OFFSET 0
    ) AS nothing
))

-- name: moved_classes
-- Classes that are not added up under the institution that teaches them, noted as if they were: the sums follow in
-- this transaction. Found by the index moved_class.
UPDATE projections.class SET summed_institution = class.institution
FROM (
    SELECT partner_id, class_code FROM projections.class
    WHERE institution IS DISTINCT FROM summed_institution
    FOR UPDATE SKIP LOCKED
) AS moved
WHERE class.partner_id = moved.partner_id AND class.class_code = moved.class_code
RETURNING class.partner_id, class.class_code, old.summed_institution, new.summed_institution
