-- Purchases: one, and package purchases in order of (partner_id, package_code, purchase_id, person).

-- name: of_id
-- Who made a purchase: one participant, unless a partner used an id twice.
SELECT person FROM projections.purchase
WHERE partner_id = $1 AND purchase_id = $2

-- name: shared
-- Some purchases of one partner whose ids it used for several participants.
SELECT purchase_id, person
FROM (
    SELECT purchase_id, person, count(*) OVER (PARTITION BY purchase_id) AS participants
    FROM projections.purchase
    WHERE partner_id = $1 AND purchase_id = ANY ($2::text[])
) AS of_id
WHERE participants > 1

-- name: of_persons
-- The purchases of participants $2 at one partner; where $3 is true those in which a package has, or had, a say.
SELECT purchase_id, person FROM projections.purchase
WHERE partner_id = $1 AND person = ANY ($2::bigint[])
  AND (NOT $3::boolean OR package_code IS NOT NULL OR packages IS NOT NULL)

-- name: payments
-- Payments and refunds of one participant in the ledger: amounts, prices and reasons are kept nowhere else.
SELECT topic, happened, event_id, state
FROM ledger.event
WHERE partner_id = $1 AND person = $2 AND topic IN ('paid', 'refunded')

-- name: package_filters
-- Stands for {package_filters} below. It speaks of the columns as they were judged last: complete, after the sales end,
-- unresolved. What is unresolved is neither complete nor incomplete. Participants $9 are left out, and what was paid
-- after $10.
($6::boolean IS NULL OR (complete = $6 AND NOT unresolved))
  AND ($7::boolean IS NULL OR after_sales_end = $7)
  AND ($8::boolean IS NULL OR unresolved = $8)
  AND person <> ALL ($9::bigint[])
  AND ($10::timestamptz IS NULL OR purchased_at <= $10)

-- name: packages_of_partner
-- The next $5 package purchases of one partner behind (package_code, purchase_id, person) = ($2, $3, $4).
SELECT package_code, purchase_id, person
FROM projections.purchase
WHERE partner_id = $1 AND package_code IS NOT NULL
  AND (package_code, purchase_id, person) > ($2, $3, $4)
  AND {package_filters}
ORDER BY package_code, purchase_id, person
LIMIT $5

-- name: unresolved_of_partner
-- As packages_of_partner, where $8 is true: by the index of unresolved purchases, whatever plan is kept.
SELECT package_code, purchase_id, person
FROM projections.purchase
WHERE partner_id = $1 AND unresolved AND package_code IS NOT NULL
  AND (package_code, purchase_id, person) > ($2, $3, $4)
  AND {package_filters}
ORDER BY package_code, purchase_id, person
LIMIT $5

-- name: packages_of_code
-- As packages_of_partner, within the one package $2.
SELECT package_code, purchase_id, person
FROM projections.purchase
WHERE partner_id = $1 AND package_code = $2 AND (purchase_id, person) > ($3, $4)
  AND {package_filters}
ORDER BY purchase_id, person
LIMIT $5

-- name: unresolved_then
-- As packages_of_partner, of those that can have been unresolved as of a time: that are so now, or in which a package of
-- $12, published since, has a say. $11: of this package (null: of any).
SELECT package_code, purchase_id, person
FROM (
    (SELECT package_code, purchase_id, person FROM projections.purchase
     WHERE partner_id = $1 AND unresolved AND {of_package_then}
     ORDER BY package_code, purchase_id, person LIMIT $5)
    UNION
    (SELECT package_code, purchase_id, person FROM projections.purchase
     WHERE partner_id = $1 AND package_code = ANY ($12::text[]) AND {of_package_then}
     ORDER BY package_code, purchase_id, person LIMIT $5)
    UNION
    (SELECT package_code, purchase_id, person FROM projections.purchase
     WHERE partner_id = $1 AND packages && $12::text[] AND {of_package_then}
     ORDER BY package_code, purchase_id, person LIMIT $5)
) AS found
ORDER BY package_code, purchase_id, person
LIMIT $5

-- name: of_package_then
-- Stands for {of_package_then}.
package_code IS NOT NULL AND ($11::text IS NULL OR package_code = $11)
  AND (package_code, purchase_id, person) > ($2, $3, $4) AND {package_filters}
