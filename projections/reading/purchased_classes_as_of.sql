-- Rows of one partner that a list as of a time can have, in order of (class_code, person): the next $5 behind ($2, $3) and up
-- to class $4. $11: in these classes (null: in any).

-- name: can_have_been
-- Stands for {can_have_been}: by time $6 a row without a purchase had none (null: one is not asked for); completion $8,
-- assessed at all where $9 is true, and any of flags $10 are what it must be now to have been what is asked for then; where $18
-- is true, refunded or bought twice (32).
-- Where $12 is true: what had its latest word by then ($17) is in the states of then ({states}), with that word before $16. OFFSET 0
-- keeps it one probe of an index a row.
($6::timestamptz IS NULL OR purchased_at <= $6)
AND ($8::smallint[] IS NULL OR completion = ANY ($8))
AND (NOT $9::boolean OR assessment <> 0)
AND ($10::smallint IS NULL OR flags & $10 <> 0)
AND (NOT $18::boolean OR purchase = 2 OR flags & 32 <> 0)
AND CASE WHEN NOT $12::boolean OR $16::timestamptz IS NULL AND {states} THEN true
         ELSE NOT EXISTS (
             SELECT FROM projections.watched_class AS watched
             WHERE watched.person = purchased_class.person AND watched.partner_id = $1
               AND watched.class_code = purchased_class.class_code AND last_reported <= $17
               AND NOT ({states} AND ($16::timestamptz IS NULL OR last_reported < $16))
             OFFSET 0
         ) END

-- name: states
-- Stands for {states}: completion $13, flags $14 (null: any), not assessed where $15 is true, not completed where $16 is given.
(($13::smallint IS NULL OR completion = $13) AND ($14::smallint IS NULL OR flags & $14 <> 0)
 AND (NOT $15::boolean OR assessment = 0) AND ($16::timestamptz IS NULL OR completion <> 2))

-- name: behind
-- Stands for {behind}.
partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4
AND ($11::text[] IS NULL OR class_code = ANY ($11))

-- name: next
-- Stands for {next}.
ORDER BY class_code, person
LIMIT $5

-- name: every
-- Participants $7, from whom something was withdrawn since, may have been anything.
SELECT class_code, person FROM projections.purchased_class
WHERE {behind} AND (person = ANY ($7::bigint[]) OR {can_have_been})
{next}

-- name: of_persons
-- Stands for {of_persons}: the rows of participants $7. OFFSET 0 keeps it one probe of an index a participant.
(SELECT of_class.class_code, of_class.person
 FROM unnest($7::bigint[]) AS withdrew (withdrew)
 CROSS JOIN LATERAL (
     SELECT class_code, person FROM projections.purchased_class
     WHERE person = withdrew AND {behind}
     OFFSET 0
 ) AS of_class
 {next})

-- name: of_packages_since
-- Stands for {of_packages_since}: the rows of packages $19, which were published since.
(SELECT class_code, person FROM projections.purchased_class
 WHERE {behind} AND package_codes IS NOT NULL AND package_codes && $19::text[]
   AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ANY ($19::text[] || ARRAY[''])
   AND {can_have_been}
 {next})

-- name: unusual
-- Unusual rows (projections/storage/tables.sql), and those of packages published since.
SELECT class_code, person
FROM (
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND unusual AND {can_have_been}
     {next})
    UNION
    {of_packages_since}
    UNION
    {of_persons}
) AS found
{next}

-- name: of_package
-- Rows of package $20, alone or with others, and those of packages published since.
SELECT class_code, person
FROM (
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = $20
       AND {can_have_been}
     {next})
    UNION
    (SELECT class_code, person FROM projections.purchased_class
     WHERE {behind} AND package_codes IS NOT NULL
       AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ''
       AND {can_have_been}
     {next})
    UNION
    {of_packages_since}
    UNION
    {of_persons}
) AS found
{next}

-- name: narrow_unusual
-- Stands for {narrow}, where only unusual rows can be wanted.
unusual

-- name: narrow_package
-- Stands for {narrow}, where rows of package $21 are wanted.
package_codes IS NOT NULL
AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END IN ($21::text, '')

-- name: purchased_in_time
-- In order of (purchased_at, class_code, person), behind ($2, $3, $4) in that order and from $19 and before $20, the next $5 rows
-- whose purchases only came later: without participants $7 and packages $22. {further}, {way} and {narrow} are filled in.
SELECT class_code, person, purchased_at FROM projections.purchased_class
WHERE partner_id = $1 AND (coalesce(purchased_at, '-infinity'), class_code, person) {further} ($2, $3, $4)
  AND coalesce(purchased_at, '-infinity') >= $19 AND coalesce(purchased_at, '-infinity') < $20 AND class_code > ''
  AND purchased_at <= $17 AND {narrow} AND $21::text IS NOT DISTINCT FROM $21
  AND person <> ALL ($7::bigint[]) AND ($11::text[] IS NULL OR class_code = ANY ($11))
  AND (package_codes IS NULL OR NOT package_codes && $22::text[]) AND {can_have_been}
ORDER BY coalesce(purchased_at, '-infinity') {way}, class_code {way}, person {way}
LIMIT $5

-- name: of_packages
-- The rows of partner $1 purchased by $2 that are of packages $3, without participants $4.
SELECT class_code, person FROM projections.purchased_class
WHERE partner_id = $1 AND package_codes IS NOT NULL AND package_codes && $3::text[] AND class_code > ''
  AND CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END = ANY ($3::text[] || ARRAY[''])
  AND purchased_at <= $2 AND person <> ALL ($4::bigint[])

-- name: never_in_time
-- In order of (class_code, person), behind ($3, $4) in that order, the next $5 rows that can have been without a word, but of
-- participants $19.
SELECT class_code, person, NULL::timestamptz FROM projections.purchased_class
WHERE partner_id = $1 AND $2::timestamptz IS NOT NULL AND class_code > '' AND (class_code, person) {further} ($3, $4)
  AND ($11::text[] IS NULL OR class_code = ANY ($11)) AND person <> ALL ($19::bigint[])
  AND (person = ANY ($7::bigint[]) OR {can_have_been})
ORDER BY class_code {way}, person {way}
LIMIT $5

-- name: count_of_classes
-- How many rows of partner $1 are of classes $2, of at most $3.
SELECT count(*) FROM (
    SELECT FROM projections.purchased_class WHERE partner_id = $1 AND class_code = ANY ($2::text[]) LIMIT $3
) AS of_classes

-- name: days
-- Of each of partners $1 the days of which it has told something of participants, up to day $2.
SELECT partner_id, array_agg(day ORDER BY day) FROM projections.day_place
WHERE partner_id = ANY ($1::smallint[]) AND day <= $2
GROUP BY partner_id

-- name: words
-- Whom partner $1 spoke of on day $2, from $3 to $4, and when; without participants $5. The first $6 in order, with all of the
-- last one's time. OFFSET 0 keeps it one look into the ledger a block.
SELECT event.person, event.happened
FROM projections.day_place
CROSS JOIN LATERAL unnest(blocks) AS place (block)
CROSS JOIN LATERAL (
    SELECT person, happened FROM ledger.event
    WHERE event.block = place.block AND event.partner_id = $1 AND happened >= $3 AND happened <= $4 AND person <> 0
    OFFSET 0
) AS event
WHERE day_place.partner_id = $1 AND day = $2 AND event.person <> ALL ($5::bigint[])
ORDER BY event.happened {way}
FETCH FIRST $6 ROWS WITH TIES
