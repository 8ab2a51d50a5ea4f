-- Evaluations, read from the sums that are kept (projections/tables.sql, rollup and institution_rollup). Metrics below 50
-- have few values in any scope; of the finer ones only ranges are read: 54 are the hours of silent purchases.

-- name: counts
-- Everything coarse of some scopes (numbered from 1), and how many of their silent purchases lie between the hours $4,
-- each counted under some hour there.
SELECT wanted.scope, counted.metric, counted.value, counted.n
FROM unnest($1::smallint[], $2::text[], $3::text[]) WITH ORDINALITY
  AS wanted (partner_id, package_code, class_code, scope)
CROSS JOIN LATERAL (
    SELECT metric, value, n FROM projections.rollup AS coarse
    WHERE coarse.partner_id = wanted.partner_id AND coarse.package_code = wanted.package_code COLLATE "C"
      AND coarse.class_code = wanted.class_code COLLATE "C" AND coarse.metric < 50
    UNION ALL
    SELECT 54, min(value), sum(n)::bigint FROM projections.rollup AS silent
    WHERE silent.partner_id = wanted.partner_id AND silent.package_code = wanted.package_code COLLATE "C"
      AND silent.class_code = wanted.class_code COLLATE "C" AND silent.metric = 54 AND silent.value >= ($4::float8[])[1]
    GROUP BY width_bucket(silent.value, $4::float8[])
) AS counted

-- name: details
-- The values of some metrics of some scopes, each from a value and below another; numbered from 1.
SELECT wanted.place, fine.value, fine.n
FROM unnest($1::smallint[], $2::text[], $3::text[], $4::smallint[], $5::float8[], $6::float8[]) WITH ORDINALITY
  AS wanted (partner_id, package_code, class_code, metric, low, below, place)
CROSS JOIN LATERAL (
    SELECT value, n FROM projections.rollup AS of_scope
    WHERE of_scope.partner_id = wanted.partner_id AND of_scope.package_code = wanted.package_code COLLATE "C"
      AND of_scope.class_code = wanted.class_code COLLATE "C" AND of_scope.metric = wanted.metric
      AND of_scope.value >= wanted.low AND of_scope.value < wanted.below
    OFFSET 0
) AS fine

-- name: institution_counts
-- As counts, of the one scope that is institution $1 at partners $2.
SELECT 1::bigint AS scope, counted.metric, counted.value, sum(counted.n)::bigint
FROM unnest($2::smallint[]) AS wanted (partner_id)
CROSS JOIN LATERAL (
    SELECT metric, value, n FROM projections.institution_rollup AS coarse
    WHERE coarse.institution = $1 AND coarse.partner_id = wanted.partner_id AND coarse.metric < 50
    UNION ALL
    SELECT 54, min(value), sum(n)::bigint FROM projections.institution_rollup AS silent
    WHERE silent.institution = $1 AND silent.partner_id = wanted.partner_id AND silent.metric = 54
      AND silent.value >= ($3::float8[])[1]
    GROUP BY width_bucket(silent.value, $3::float8[])
) AS counted
GROUP BY counted.metric, counted.value

-- name: institution_details
-- As details, of institution $1 at partners $2: hours (metric 52) and hundredths (55) are its own, exact values those of
-- its classes.
SELECT wanted.place, fine.value, sum(fine.n)::bigint
FROM unnest($3::smallint[], $4::float8[], $5::float8[]) WITH ORDINALITY AS wanted (metric, low, below, place)
CROSS JOIN LATERAL (
    SELECT value, n
    FROM unnest($2::smallint[]) AS at (partner_id)
    CROSS JOIN LATERAL (
        SELECT value, n FROM projections.institution_rollup AS of_scope
        WHERE of_scope.institution = $1 AND of_scope.partner_id = at.partner_id AND of_scope.metric = wanted.metric
          AND of_scope.value >= wanted.low AND of_scope.value < wanted.below
        OFFSET 0
    ) AS own
    WHERE wanted.metric IN (52, 55)
    UNION ALL
    SELECT value, n
    FROM projections.class
    CROSS JOIN LATERAL (
        SELECT value, n FROM projections.rollup AS of_scope
        WHERE of_scope.partner_id = class.partner_id AND of_scope.package_code = ''
          AND of_scope.class_code = class.class_code AND of_scope.metric = wanted.metric
          AND of_scope.value >= wanted.low AND of_scope.value < wanted.below
        OFFSET 0
    ) AS of_class
    WHERE wanted.metric NOT IN (52, 55) AND class.summed_institution = $1 AND class.partner_id = ANY ($2::smallint[])
) AS fine
GROUP BY wanted.place, fine.value

-- name: partners_headlines
-- The plain counts of some partners, and their money (metrics 40 to 49).
SELECT partner_id, metric, value, n FROM projections.rollup
WHERE partner_id = ANY ($1::smallint[]) AND package_code = '' AND class_code = ''
  AND (metric < 20 OR metric BETWEEN 40 AND 49)

-- name: institutions
-- The next $3 institutions behind $1 that teach classes at some partners, and how many at each.
SELECT class.summed_institution, class.partner_id, count(*)
FROM (
    SELECT DISTINCT summed_institution FROM projections.class
    WHERE summed_institution > $1 AND partner_id = ANY ($2::smallint[])
    ORDER BY summed_institution LIMIT $3
) AS next
JOIN projections.class USING (summed_institution)
WHERE class.partner_id = ANY ($2::smallint[])
GROUP BY class.summed_institution, class.partner_id
ORDER BY class.summed_institution, class.partner_id

-- name: institution
-- How many classes one institution teaches at each of some partners.
SELECT partner_id, count(*) FROM projections.class
WHERE summed_institution = $1 AND partner_id = ANY ($2::smallint[])
GROUP BY partner_id ORDER BY partner_id

-- name: institutions_headlines
-- The plain counts and the money of institutions $1, each at the partner $2 beside it; 0: at all of them.
SELECT wanted.institution, counted.metric, counted.value, sum(counted.n)::bigint
FROM unnest($1::text[], $2::smallint[]) AS wanted (institution, partner_id)
CROSS JOIN LATERAL (
    SELECT metric, value, n FROM projections.institution_rollup AS of_scope
    WHERE of_scope.institution = wanted.institution COLLATE "C" AND of_scope.partner_id = wanted.partner_id
      AND (of_scope.metric < 20 OR of_scope.metric BETWEEN 40 AND 49)
    OFFSET 0
) AS counted
GROUP BY wanted.institution, counted.metric, counted.value

-- name: silent_classes
-- The $2 classes of a partner that were never reported (metric 3) most often, and how many of each were purchased (1).
SELECT silent.class_code, purchased.n, silent.n
FROM (SELECT class_code, n FROM projections.rollup
      WHERE partner_id = $1 AND package_code = '' AND class_code > '' AND metric = 3
      ORDER BY n DESC, class_code LIMIT $2) AS silent
CROSS JOIN LATERAL (
    SELECT n FROM projections.rollup AS of_class
    WHERE of_class.partner_id = $1 AND of_class.package_code = '' AND of_class.class_code = silent.class_code
      AND of_class.metric = 1 AND of_class.value = 0
    OFFSET 0
) AS purchased
ORDER BY silent.n DESC, silent.class_code

-- name: waiting
-- What is not added up yet of some partners: changed rows and classes that moved to another institution (of the first
-- 2,000 transactions in the queue: at least so many), and since when.
SELECT coalesce(sum(changes), 0)::bigint
       + (SELECT count(*) FROM projections.class
          WHERE institution IS DISTINCT FROM summed_institution AND partner_id = ANY ($1::smallint[])) AS changes,
       min(queued) AS since
FROM (SELECT partner_id, changes, queued FROM projections.delta ORDER BY delta_id LIMIT 2000) AS oldest
WHERE partner_id = ANY ($1::smallint[])

-- name: classes_of_package
-- The classes that purchases of a package name.
SELECT DISTINCT class_code COLLATE "C"
FROM projections.purchase CROSS JOIN LATERAL unnest(class_codes) AS named (class_code)
WHERE partner_id = $1 AND package_code = $2
ORDER BY 1
