-- Purchased classes: one person's, and lists in order of (partner_id, class_code, person).
-- Rows with class_code '' hold what belongs to no known class.

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
-- Stands for {filters} in the statements below. They speak of the columns as they were judged last: purchase states,
-- completion, assessment, flag bit, package, earliest purchase from and before.
($6::smallint[] IS NULL OR purchase = ANY ($6))
AND ($7::smallint IS NULL OR completion = $7)
AND ($8::smallint IS NULL OR assessment = $8)
AND ($9::smallint IS NULL OR flags & $9 <> 0)
AND ($10::text IS NULL OR $10 = ANY (package_codes))
AND ($11::timestamptz IS NULL OR purchased_at >= $11)
AND ($12::timestamptz IS NULL OR purchased_at < $12)

-- name: rows
-- The next $5 rows of one partner behind (class_code, person) = ($2, $3), up to class $4.
SELECT class_code, person
FROM projections.purchased_class
WHERE partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4
  AND {filters}
ORDER BY class_code, person
LIMIT $5

-- name: unusual_rows
-- As rows, where the filters want unusual rows only (projections/tables.sql).
SELECT class_code, person
FROM projections.purchased_class
WHERE partner_id = $1 AND unusual AND (class_code, person) > ($2, $3) AND class_code <= $4
  AND {filters}
ORDER BY class_code, person
LIMIT $5

-- name: rows_of_package
-- As rows, where the filters name package $10: rows of that package alone, and those of several packages with it.
SELECT class_code, person
FROM (
    (SELECT class_code, person
     FROM projections.purchased_class
     WHERE partner_id = $1 AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = $10
       AND (class_code, person) > ($2, $3) AND class_code <= $4
       AND {filters}
     ORDER BY class_code, person
     LIMIT $5)
    UNION ALL
    (SELECT class_code, person
     FROM projections.purchased_class
     WHERE partner_id = $1 AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ''
       AND (class_code, person) > ($2, $3) AND class_code <= $4
       AND {filters}
     ORDER BY class_code, person
     LIMIT $5)
) AS of_package
ORDER BY class_code, person
LIMIT $5
