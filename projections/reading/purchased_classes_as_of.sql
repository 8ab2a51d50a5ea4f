-- Rows of one partner that a list as of a time can have, in order of (class_code, person): the next $5 behind ($2, $3) and up
-- to class $4. $11: in these classes (null: in any).

-- name: can_have_been
-- Stands for {can_have_been}: by time $6 a row without a purchase had none (null: one is not asked for); completion $8,
-- assessed at all where $9 is true, and flags $10 are what it must be now to have been what is asked for then.
($6::timestamptz IS NULL OR purchased_at <= $6)
AND ($8::smallint[] IS NULL OR completion = ANY ($8))
AND (NOT $9::boolean OR assessment <> 0)
AND ($10::smallint IS NULL OR flags & $10 <> 0)

-- name: behind
-- Stands for {behind}.
partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4

-- name: next
-- Stands for {next}.
ORDER BY class_code, person
LIMIT $5

-- name: every
-- Of any class: participants $7, from whom something was withdrawn since, may have been anything.
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND $11::text[] IS NULL AND (person = ANY ($7::bigint[]) OR {can_have_been})
{next}

-- name: of_classes
-- Of classes $11, which are looked up one by one.
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND class_code = ANY ($11::text[]) AND (person = ANY ($7::bigint[]) OR {can_have_been})
{next}

-- name: of_persons
-- Stands for {of_persons}: the rows of participants $7. OFFSET 0 keeps it one probe of an index a participant.
(SELECT of_class.class_code, of_class.person
 FROM unnest($7::bigint[]) AS withdrew (withdrew)
 CROSS JOIN LATERAL (
     SELECT class_code, person FROM projections.purchased_class
     WHERE person = withdrew AND {behind} AND ($11::text[] IS NULL OR class_code = ANY ($11))
     OFFSET 0
 ) AS of_class
 {next})

-- name: unusual
-- Unusual rows (projections/storage/tables.sql), and those of packages $12, which were published since.
SELECT class_code, person
FROM (
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND unusual AND ($11::text[] IS NULL OR class_code = ANY ($11)) AND {can_have_been}
     {next})
    UNION
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL AND package_codes && $12::text[]
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ANY ($12::text[] || ARRAY[''])
       AND ($11::text[] IS NULL OR class_code = ANY ($11))
       AND ($6::timestamptz IS NULL OR purchased_at <= $6)
     {next})
    UNION
    {of_persons}
) AS found
{next}

-- name: of_package
-- Rows of package $12, alone or with others, and those of packages $13, which were published since.
SELECT class_code, person
FROM (
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = $12
       AND ($11::text[] IS NULL OR class_code = ANY ($11)) AND {can_have_been}
     {next})
    UNION
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ''
       AND ($11::text[] IS NULL OR class_code = ANY ($11)) AND {can_have_been}
     {next})
    UNION
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL AND package_codes && $13::text[]
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ANY ($13::text[] || ARRAY[''])
       AND ($11::text[] IS NULL OR class_code = ANY ($11))
       AND {can_have_been}
     {next})
    UNION
    {of_persons}
) AS found
{next}
