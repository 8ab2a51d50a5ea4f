-- Worklists, read through what the project service follows (projections/storage/tables.sql, watched_class). $1 is a partner.
-- {filters} stands for that of purchased_classes.sql, with the same numbers.

-- name: admitted
-- Stands for {admitted}: one probe of the primary key for each of "watched", for what the filters say of its row.
CROSS JOIN LATERAL (
    SELECT FROM projections.purchased_class AS of_class
    WHERE of_class.person = watched.person AND of_class.partner_id = $1 AND of_class.class_code = watched.class_code
      AND {filters}
    OFFSET 0
) AS admitted

-- name: touched
-- Who has an event that is not followed yet, of some partners.
SELECT DISTINCT lane.partner_id, event.person
FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
CROSS JOIN LATERAL (
    SELECT person FROM ledger.event
    WHERE event.block BETWEEN ledger.block(lane.lane_id, coalesce(followed.position, 0) + 1)
                          AND ledger.block(lane.lane_id, lane.position)
      AND event.position > coalesce(followed.position, 0) AND event.position <= lane.position
      AND event.lane_id = lane.lane_id AND person <> 0
    OFFSET 0
) AS event
WHERE lane.partner_id = ANY ($1::smallint[]) AND lane.position > coalesce(followed.position, 0)

-- name: count_stalled
-- How many open classes had their latest word before $2, of at most $3.
SELECT count(*) FROM (
    SELECT FROM projections.watched_class WHERE partner_id = $1 AND is_open AND last_reported < $2 LIMIT $3
) AS stalled

-- name: few_stalled
-- The next $5 rows behind ($2, $3) and up to class $4 that may have had no word since $15, where few open classes have: these,
-- those never reported on ({silent}: in classes $17), and all of participants $16, who have events that are not followed yet.
WITH few AS MATERIALIZED (
    SELECT class_code, person FROM projections.watched_class
    WHERE partner_id = $1 AND is_open AND last_reported < $15 AND (class_code, person) > ($2, $3) AND class_code <= $4
)
SELECT watched.class_code, watched.person FROM few AS watched {admitted}
UNION
(SELECT class_code, person FROM projections.purchased_class
 WHERE partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4 AND completion = 0 AND {silent}
   AND {filters}
 ORDER BY class_code, person
 LIMIT $5)
UNION
SELECT class_code, person FROM projections.purchased_class
WHERE person = ANY ($16::bigint[]) AND partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4
  AND {filters}
ORDER BY class_code, person
LIMIT $5

-- name: many_stalled
-- The same where many have: looked up row by row.
SELECT class_code, person FROM projections.purchased_class AS of_class
WHERE partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4 AND {filters}
  AND (completion = 0 OR person = ANY ($16::bigint[]) OR EXISTS (
      SELECT FROM projections.watched_class AS watched
      WHERE watched.person = of_class.person AND watched.partner_id = $1 AND watched.class_code = of_class.class_code
        AND is_open AND last_reported < $15
  ))
ORDER BY class_code, person
LIMIT $5

-- name: count_odd
-- How many rows have the odd state $2, of at most $3.
SELECT count(*) FROM (
    SELECT FROM projections.watched_class WHERE partner_id = $1 AND state = $2 AND state IN (12, 13, 22) LIMIT $3
) AS odd

-- name: odd
-- The next $5 rows behind ($2, $3) and up to class $4 that may have the odd state $15, and all of participants $16.
SELECT watched.class_code, watched.person FROM projections.watched_class AS watched {admitted}
WHERE partner_id = $1 AND state = $15 AND state IN (12, 13, 22)
  AND (watched.class_code, watched.person) > ($2, $3) AND watched.class_code <= $4
UNION
SELECT class_code, person FROM projections.purchased_class
WHERE person = ANY ($16::bigint[]) AND partner_id = $1 AND (class_code, person) > ($2, $3) AND class_code <= $4
  AND {filters}
ORDER BY class_code, person
LIMIT $5

-- name: by_word
-- The next $5 rows that were reported on, in order of (latest word, class_code, person), behind ($2, $3, $4) in that order,
-- without participants $15; {open}: those only that are open and had no word since $16.
SELECT watched.class_code, watched.person, last_reported
FROM projections.watched_class AS watched {admitted}
WHERE partner_id = $1 AND (last_reported, watched.class_code, watched.person) {further} ($2::timestamptz, $3, $4)
  AND person <> ALL ($15::bigint[]) AND {open}
ORDER BY last_reported {way}, watched.class_code {way}, watched.person {way}
LIMIT $5

-- name: few_by_word
-- As by_word, where the filters leave few rows: these are found, and sorted.
WITH few AS MATERIALIZED (
    SELECT class_code, person FROM projections.purchased_class
    WHERE partner_id = $1 AND {narrow} AND {filters}
)
SELECT class_code, person, last_reported
FROM few CROSS JOIN LATERAL (
    SELECT last_reported FROM projections.watched_class AS watched
    WHERE watched.person = few.person AND watched.partner_id = $1 AND watched.class_code = few.class_code AND {open}
    OFFSET 0
) AS of_word
WHERE (last_reported, class_code, person) {further} ($2::timestamptz, $3, $4) AND person <> ALL ($15::bigint[])
ORDER BY last_reported {way}, class_code {way}, person {way}
LIMIT $5

-- name: never
-- The next $5 rows that were never reported on, in order of (class_code, person), behind ($3, $4) in that order.
SELECT class_code, person, NULL::timestamptz
FROM projections.purchased_class
WHERE partner_id = $1 AND completion = 0 AND class_code > '' AND (class_code, person) {further} ($3, $4)
  AND {narrow} AND {filters}
  AND $2::timestamptz IS NOT NULL AND $15::bigint[] IS NOT NULL AND $16::timestamptz IS NOT DISTINCT FROM $16
ORDER BY class_code {way}, person {way}
LIMIT $5

-- name: count_since
-- How many became what first completions ask for ({asked}) from $1 and before $2 (null: no bound), of at most $3.
SELECT count(*) FROM (
    SELECT FROM projections.watched_class
    WHERE since >= coalesce($1::timestamptz, '-infinity') AND since < coalesce($2::timestamptz, 'infinity') AND {asked}
    LIMIT $3
) AS became

-- name: few_since
-- The next $2 persons behind $1 of whom a class became that from $3 and before $4, where few did, and participants $5.
SELECT person FROM (
    SELECT person FROM projections.watched_class
    WHERE since >= coalesce($3::timestamptz, '-infinity') AND since < coalesce($4::timestamptz, 'infinity') AND {asked}
    UNION
    SELECT unnest($5::bigint[])
) AS anybody
WHERE person > $1
ORDER BY person
LIMIT $2

-- name: many_since
-- The same where many did: in order of persons.
(SELECT DISTINCT person FROM projections.watched_class
 WHERE person > $1 AND since IS NOT NULL AND since >= coalesce($3::timestamptz, '-infinity')
   AND since < coalesce($4::timestamptz, 'infinity') AND {asked}
 ORDER BY person
 LIMIT $2)
UNION
SELECT person FROM unnest($5::bigint[]) AS touched (person) WHERE person > $1
ORDER BY person
LIMIT $2

-- name: at_any_time
-- The next $2 persons behind $1 of whom a class is what first completions ask for ({asked}), and participants $3.
(SELECT DISTINCT person FROM projections.watched_class
 WHERE person > $1 AND since IS NOT NULL AND {asked}
 ORDER BY person
 LIMIT $2)
UNION
SELECT person FROM unnest($3::bigint[]) AS touched (person) WHERE person > $1
ORDER BY person
LIMIT $2
