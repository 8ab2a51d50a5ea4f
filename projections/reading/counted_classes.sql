-- Which classes have anything of a kind, by what is counted (projections/tables.sql, rollup and delta).

-- name: counted
-- How many classes were purchased of one partner (metric 1), and how many of them are counted under metric $2.
SELECT coalesce(sum(n) FILTER (WHERE metric = 1), 0)::bigint AS purchased,
       coalesce(sum(n) FILTER (WHERE metric = $2::smallint), 0)::bigint AS having
FROM projections.rollup
WHERE partner_id = $1 AND package_code = '' AND class_code = '' AND metric = ANY (ARRAY[1::smallint, $2::smallint])

-- name: classes_counted
-- The partner's classes with anything under metric $2.
SELECT DISTINCT class_code FROM projections.rollup
WHERE partner_id = $1 AND package_code = '' AND class_code > '' AND metric = $2::smallint

-- name: waiting
-- Up to $2 changes of one partner that are not added up yet.
SELECT counts FROM projections.delta WHERE partner_id = $1 LIMIT $2
