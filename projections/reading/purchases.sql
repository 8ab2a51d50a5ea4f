-- Purchases: one, and package purchases in order of (partner_id, package_code, purchase_id, participant_id).

-- name: participants_of_purchase
-- Who made a purchase: one participant, unless a partner used an id twice; the earliest purchase first.
SELECT participant_id FROM projections.purchase
WHERE partner_id = $1 AND purchase_id = $2
ORDER BY purchased_at, participant_id

-- name: payers
-- Who paid for some purchases of one partner: one participant each, unless a partner used an id twice.
SELECT purchase_id, array_agg(participant_id)
FROM projections.purchase
WHERE partner_id = $1 AND purchase_id = ANY ($2::text[])
GROUP BY purchase_id

-- name: records
-- Every row of some participants of one partner: their whole records.
SELECT participant_id, class_code, version, completion, evidence
FROM projections.purchased_class
WHERE participant_id = ANY ($2::text[]) AND partner_id = $1

-- name: withdrew_payment
-- Participants of one partner with a payment that was withdrawn, of purchase $2 if it is given: evidence has its id in
-- plain bytes.
SELECT DISTINCT participant_id
FROM projections.purchased_class
WHERE partner_id = $1 AND unusual AND flags & 64 <> 0
  AND ($2::text IS NULL OR position(convert_to($2, 'UTF8') IN evidence) > 0)
ORDER BY participant_id

-- name: payments
-- Payments and refunds of one participant in the ledger: amounts, prices and reasons are kept nowhere else.
SELECT topic, happened, event_id, state
FROM ledger.event
WHERE partner_id = $1 AND stream = $2 AND topic IN ('paid', 'refunded')

-- name: packages_of_partner
-- The next $5 package purchases of one partner behind (package_code, purchase_id, participant_id) = ($2, $3, $4).
-- The filters speak of the columns as they were judged last: complete, after the sales end, unresolved. What is
-- unresolved is neither complete nor incomplete.
SELECT package_code, purchase_id, participant_id
FROM projections.purchase
WHERE partner_id = $1 AND package_code IS NOT NULL
  AND (package_code, purchase_id, participant_id) > ($2, $3, $4)
  AND ($6::boolean IS NULL OR (complete = $6 AND NOT unresolved))
  AND ($7::boolean IS NULL OR after_sales_end = $7)
  AND ($8::boolean IS NULL OR unresolved = $8)
ORDER BY package_code, purchase_id, participant_id
LIMIT $5

-- name: unresolved_of_partner
-- As packages_of_partner, where $8 is true: by the index of unresolved purchases, whatever plan is kept.
SELECT package_code, purchase_id, participant_id
FROM projections.purchase
WHERE partner_id = $1 AND unresolved AND package_code IS NOT NULL
  AND (package_code, purchase_id, participant_id) > ($2, $3, $4)
  AND ($6::boolean IS NULL OR (complete = $6 AND NOT unresolved))
  AND ($7::boolean IS NULL OR after_sales_end = $7)
  AND unresolved = $8::boolean
ORDER BY package_code, purchase_id, participant_id
LIMIT $5

-- name: packages_of_code
-- As packages_of_partner, within the one package $2.
SELECT package_code, purchase_id, participant_id
FROM projections.purchase
WHERE partner_id = $1 AND package_code = $2 AND (purchase_id, participant_id) > ($3, $4)
  AND ($6::boolean IS NULL OR (complete = $6 AND NOT unresolved))
  AND ($7::boolean IS NULL OR after_sales_end = $7)
  AND ($8::boolean IS NULL OR unresolved = $8)
ORDER BY purchase_id, participant_id
LIMIT $5
