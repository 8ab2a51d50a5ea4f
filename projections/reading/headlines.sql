-- Headline figures of many classes and packages, from the sums that are kept (projections/storage/tables.sql, rollup).

-- name: purchased
-- Every class of some partners that was purchased, and how often (metric 1).
SELECT partner_id, class_code, n FROM projections.rollup
WHERE partner_id = ANY ($1::smallint[]) AND package_code = '' AND class_code > '' AND metric = 1

-- name: sold
-- Every package of some partners that was sold (metric 30).
SELECT partner_id, package_code FROM projections.rollup
WHERE partner_id = ANY ($1::smallint[]) AND package_code > '' AND class_code = '' AND metric = 30

-- name: of_classes
-- Some metrics $3 of some classes, numbered from 1.
SELECT wanted.place, counted.metric, counted.value, counted.n
FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS wanted (partner_id, class_code, place)
CROSS JOIN LATERAL (
    SELECT metric, value, n FROM projections.rollup AS of_class
    WHERE of_class.partner_id = wanted.partner_id AND of_class.package_code = ''
      AND of_class.class_code = wanted.class_code COLLATE "C" AND of_class.metric = ANY ($3::smallint[])
    OFFSET 0
) AS counted

-- name: of_packages
-- Some metrics $3 of some packages, numbered from 1: of their purchases, and of their classes within these.
SELECT wanted.place, counted.metric, counted.value, sum(counted.n)::bigint
FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS wanted (partner_id, package_code, place)
CROSS JOIN LATERAL (
    SELECT metric, value, n FROM projections.rollup AS of_package
    WHERE of_package.partner_id = wanted.partner_id
      AND of_package.package_code = wanted.package_code COLLATE "C" AND of_package.metric = ANY ($3::smallint[])
    OFFSET 0
) AS counted
GROUP BY wanted.place, counted.metric, counted.value

-- name: summed_packages
-- The packages of some partners of which anything is summed by day (day_block, kind SCOPE).
SELECT DISTINCT partner_id, package_code FROM projections.day_block
WHERE kind = 0 AND partner_id = ANY ($1::smallint[]) AND package_code > '' AND code = ''

-- name: packages_by_day
-- Of some packages, numbered from 1, and their classes within them, the last row until block $3 of each.
SELECT wanted.place, held.block, held.before, held.days
FROM unnest($1::smallint[], $2::text[]) WITH ORDINALITY AS wanted (partner_id, package_code, place)
CROSS JOIN LATERAL (
    SELECT DISTINCT ON (code) block, before, days FROM projections.day_block
    WHERE kind = 0 AND day_block.partner_id = wanted.partner_id
      AND day_block.package_code = wanted.package_code COLLATE "C" AND block <= $3::integer
    ORDER BY code, block DESC
) AS held
