-- Purchased classes: one person's, and lists. Rows with class_code '' hold what belongs to no known class.

-- name: of_participant
-- What some partners have reported of a participant: number, snapshot where there is one, with the version of the catalogue
-- beside them.
SELECT partner_id, person, place, coalesce(whole, false), state,
       (SELECT generation FROM control.generation) AS generation,
       (SELECT coalesce(sum(revision), 0)::bigint FROM control.catalogue_head) AS revision
FROM control.participant LEFT JOIN ledger.snapshot USING (partner_id, person)
WHERE person = (SELECT person FROM vault.person WHERE participant_id = $1) AND partner_id = ANY ($2::smallint[])
ORDER BY partner_id

-- name: filters
-- Stands for {filters} below. They speak of the columns as they were judged last: purchase states, completion, assessment,
-- flag bit, package, earliest purchase from and before, classes; $14: neither completed (2) nor failed (2).
($6::smallint[] IS NULL OR purchase = ANY ($6))
AND ($7::smallint IS NULL OR completion = $7)
AND ($8::smallint IS NULL OR assessment = $8)
AND ($9::smallint IS NULL OR flags & $9 <> 0)
AND ($10::text IS NULL OR $10 = ANY (package_codes))
AND ($11::timestamptz IS NULL OR purchased_at >= $11)
AND ($12::timestamptz IS NULL OR purchased_at < $12)
AND ($13::text[] IS NULL OR class_code = ANY ($13))
AND ($14::boolean IS NOT TRUE OR completion <> 2 AND assessment <> 2)

-- name: behind
-- Stands for {behind} below: of one partner, behind (class_code, person) = ($2, $3), up to class $4.
partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4

-- name: next
-- Stands for {next} below.
ORDER BY class_code, person
LIMIT $5

-- name: rows
-- The next $5 rows, in order of (class_code, person).
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND {filters}
{next}

-- name: rows_of_classes
-- As rows, where the filters name classes $13: these are looked up one by one in the index.
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND class_code = ANY ($13::text[]) AND {filters}
{next}

-- name: unusual_rows
-- As rows, where the filters want unusual rows only (projections/storage/tables.sql).
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND unusual AND {filters}
{next}

-- name: rows_of_package
-- As rows, where the filters name package $10: rows of that package alone, and those of several packages with it.
SELECT class_code, person
FROM (
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = $10
       AND {filters}
     {next})
    UNION ALL
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ''
       AND {filters}
     {next})
) AS of_package
{next}

-- name: purchased
-- Stands for {purchased}: as in the index of it, which has those without a purchase first.
coalesce(purchased_at, '-infinity')

-- name: count_purchased
-- How many rows of partner $1 were first purchased from $2 and before $3 (null: no bound), of at most $4.
SELECT count(*) FROM (
    SELECT FROM projections.purchased_class
    WHERE partner_id = $1 AND {purchased} >= coalesce($2::timestamptz, '-infinity')
      AND {purchased} < coalesce($3::timestamptz, 'infinity')
    LIMIT $4
) AS bought

-- name: rows_purchased
-- As rows, where the filters $11 and $12 leave few: these are found by the index of purchases, and sorted.
WITH few AS MATERIALIZED (
    SELECT class_code, person FROM projections.purchased_class
    WHERE {behind} AND {purchased} >= coalesce($11::timestamptz, '-infinity')
      AND {purchased} < coalesce($12::timestamptz, 'infinity') AND {filters}
)
SELECT class_code, person FROM few
{next}

-- name: in_time
-- The next $5 rows of one partner, in order of ({purchased}, class_code, person), behind ($2, $3, $4) in that
-- order and within the times $15 and $16. {further} and {way} are filled in (purchased_classes_in_time.py).
SELECT class_code, person, purchased_at
FROM projections.purchased_class
WHERE {within} AND {filters}
ORDER BY {purchased} {way}, class_code {way}, person {way}
LIMIT $5

-- name: unusual_in_time
-- As in_time, where the filters want unusual rows only: by the index that has these alone.
SELECT class_code, person, purchased_at
FROM projections.purchased_class
WHERE unusual AND {within} AND {filters}
ORDER BY {purchased} {way}, class_code {way}, person {way}
LIMIT $5

-- name: odd_in_time
-- As in_time, where the filters want two states that few rows are in: those of which state $17 is followed, and all of
-- participants $18, sorted.
WITH few AS MATERIALIZED (
    SELECT of_class.class_code, of_class.person, of_class.purchased_at
    FROM projections.watched_class AS watched
    CROSS JOIN LATERAL (
        SELECT class_code, person, purchased_at FROM projections.purchased_class AS of_row
        WHERE of_row.person = watched.person AND of_row.class_code = watched.class_code AND {within} AND {filters}
        OFFSET 0
    ) AS of_class
    WHERE watched.partner_id = $1 AND watched.state = $17 AND watched.state IN (12, 13, 22)
    UNION
    SELECT class_code, person, purchased_at FROM projections.purchased_class
    WHERE person = ANY ($18::bigint[]) AND {within} AND {filters}
)
SELECT class_code, person, purchased_at FROM few
ORDER BY {purchased} {way}, class_code {way}, person {way}
LIMIT $5

-- name: of_package_in_time
-- As in_time, where the filters name package $10: these are found by the index of packages, and sorted.
WITH few AS MATERIALIZED (
    SELECT class_code, person, purchased_at
    FROM projections.purchased_class
    WHERE package_codes IS NOT NULL
      AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END IN ($10, '')
      AND {within} AND {filters}
)
SELECT class_code, person, purchased_at FROM few
ORDER BY {purchased} {way}, class_code {way}, person {way}
LIMIT $5

-- name: within
-- Stands for {within}.
partner_id = $1 AND ({purchased}, class_code, person) {further} ($2, $3, $4)
  AND {purchased} >= $15 AND {purchased} < $16 AND class_code > ''

-- name: plans_for_the_values
-- Until the end of the transaction statements are planned for the values that they are asked with.
SELECT set_config('plan_cache_mode', 'force_custom_plan', true)
