-- Every purchase, in order of (partner_id, purchase_id, person).

-- name: filters
-- Stands for {filters} below: of one partner, behind (purchase_id, person) = ($2, $3). What it is narrowed to speaks
-- of the columns as they were judged last; $5 false takes those as well of which every payment was withdrawn, for "as of".
partner_id = $1 AND (purchase_id, person) > ($2, $3)
  AND (NOT $5::boolean OR purchased_at IS NOT NULL)
  AND ($6::text IS NULL OR package_code = $6)
  AND ($7::boolean IS NULL OR refunded = $7)
  AND ($8::boolean IS NULL OR amount_differs = $8)
  AND ($9::timestamptz IS NULL OR purchased_at >= $9)
  AND ($10::timestamptz IS NULL OR purchased_at < $10)

-- name: next
-- Stands for {next} below.
ORDER BY purchase_id, person
LIMIT $4

-- name: of_partner
-- The next $4 purchases of one partner.
SELECT purchase_id, person FROM projections.purchase
WHERE {filters}
{next}

-- name: refunded
-- As of_partner, where $7 is true: by the index of refunded purchases, whatever plan is kept.
SELECT purchase_id, person FROM projections.purchase
WHERE refunded AND {filters}
{next}

-- name: differing
-- As of_partner, where $8 is true: by the index of purchases whose amount differs, whatever plan is kept.
SELECT purchase_id, person FROM projections.purchase
WHERE amount_differs AND {filters}
{next}

-- name: of_package
-- As of_partner, where $6 is given: by the index of package purchases.
SELECT purchase_id, person FROM projections.purchase
WHERE package_code = $6::text AND {filters}
{next}

-- name: of_participant
-- Every purchase of one participant at one partner.
SELECT purchase_id, person FROM projections.purchase
WHERE partner_id = $1 AND person = $2 AND purchase_id > $3
ORDER BY purchase_id
LIMIT $4
