-- Persons of whom a first completion is asked, in order of their numbers, by what their rows say of all classes: the rule
-- itself is domain/first_completion.py. State numbers: domain/vocabulary.py; 512 of flags: a certificate was issued.

-- name: everybody
-- The next $2 persons behind $1 with any class; $3: with a purchased one.
SELECT DISTINCT person FROM projections.purchased_class
WHERE person > $1 AND (NOT $3::boolean OR purchase <> 0)
ORDER BY person LIMIT $2

-- name: ready
-- As everybody, those with any class that is completed, certified and reviewed.
SELECT DISTINCT person FROM projections.purchased_class
WHERE person > $1 AND $3::boolean AND purchase = 1 AND completion = 2 AND flags & 512 <> 0 AND rating IS NOT NULL
ORDER BY person LIMIT $2

-- name: missing
-- As everybody, those with any class that is completed and lacks one of the two.
SELECT DISTINCT person FROM projections.purchased_class
WHERE person > $1 AND $3::boolean AND purchase = 1 AND completion = 2 AND (flags & 512 = 0 OR rating IS NULL)
ORDER BY person LIMIT $2

-- name: none
-- As everybody, those who completed no class.
SELECT person FROM projections.purchased_class
WHERE person > $1 AND $3::boolean AND purchase <> 0
GROUP BY person HAVING NOT bool_or(purchase = 1 AND completion = 2)
ORDER BY person LIMIT $2

-- name: then
-- The next $2 persons behind $1 who can have had a state by time $3: with a class that was bought by then, is completed, and was
-- given back or is in the way of {was}; and persons $4, of whom rows do not say what was.
SELECT person
FROM (
    (SELECT DISTINCT person FROM projections.purchased_class AS of_class
     WHERE person > $1 AND purchased_at <= $3 AND completion = 2 AND (purchase = 2 OR EXISTS (
         SELECT FROM projections.watched_class AS watched
         WHERE watched.person = of_class.person AND watched.partner_id = of_class.partner_id
           AND watched.class_code = of_class.class_code AND {was}
         OFFSET 0
     ))
     ORDER BY person LIMIT $2)
    UNION
    SELECT person FROM unnest($4::bigint[]) AS told (person) WHERE person > $1
) AS found
ORDER BY person LIMIT $2

-- name: was_ready
-- Stands for {was}: everything was there by then.
is_ready IS NOT FALSE AND since <= $3

-- name: was_missing
-- Stands for {was}: completed by then, and a certificate or review is missing, or came later.
(is_ready IS NOT TRUE AND since <= $3 OR is_ready IS NOT FALSE AND since > $3)

-- name: partners
-- Of which partners anything was read.
SELECT DISTINCT partner_id FROM ledger.lane WHERE position > 0

-- name: partners_of
-- At which partners anything is known of some persons.
SELECT DISTINCT partner_id, person FROM projections.purchased_class WHERE person = ANY ($1::bigint[])
ORDER BY partner_id
