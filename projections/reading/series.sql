-- Evaluations over time (projections/storage/tables.sql, day_block).

-- name: days
-- The days of some sums (numbered from 1).
SELECT wanted.scope, held.days
FROM unnest($1::smallint[], $2::smallint[], $3::text[], $4::text[]) WITH ORDINALITY
  AS wanted (kind, partner_id, package_code, code, scope)
CROSS JOIN LATERAL (
    SELECT days FROM projections.day_block
    WHERE day_block.kind = wanted.kind AND day_block.partner_id = wanted.partner_id
      AND day_block.package_code = wanted.package_code COLLATE "C" AND day_block.code = wanted.code COLLATE "C"
    OFFSET 0
) AS held

-- name: scopes_of_package
-- The classes within purchases of a package of which anything was ever counted (kind SCOPE); '': the package itself.
SELECT DISTINCT code FROM projections.day_block WHERE kind = 0 AND partner_id = $1 AND package_code = $2 ORDER BY code

-- name: people_of_classes
-- Who has any evidence of some classes of a partner.
SELECT DISTINCT person FROM projections.purchased_class
WHERE partner_id = $1 AND class_code = ANY ($2::text[])
ORDER BY person

-- name: people_of_package
-- Who has, or may have had, a purchase or a class within a package.
SELECT person FROM projections.purchase
WHERE partner_id = $1 AND (package_code = $2 OR $2 = ANY (packages) OR withdrawn)
UNION
SELECT person FROM projections.purchased_class
WHERE partner_id = $1 AND package_codes IS NOT NULL AND $2 = ANY (package_codes)
ORDER BY person

-- name: people_of_partner
-- Who bought anything of a partner.
SELECT person FROM projections.purchase WHERE partner_id = $1
UNION
SELECT person FROM projections.purchased_class WHERE partner_id = $1
ORDER BY person
