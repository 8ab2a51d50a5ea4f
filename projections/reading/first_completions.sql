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

-- name: partners_of
-- At which partners anything is known of some persons.
SELECT DISTINCT partner_id, person FROM projections.purchased_class WHERE person = ANY ($1::bigint[])
ORDER BY partner_id
