-- Rows that must follow the catalogue.

-- name: claim
-- One projector at a time for one partner, for as long as its session lives or until it releases the claim.
SELECT pg_try_advisory_lock(%(key)s, %(partner_id)s)

-- name: release
SELECT pg_advisory_unlock(%(key)s, %(partner_id)s)

-- name: behind
-- Partners whose rows do not yet all follow the newest catalogue.
SELECT partner_id FROM control.catalogue_head WHERE applied_revision < revision ORDER BY partner_id

-- name: changed
-- What changed in a partner's catalogue since its rows were last judged, up to a revision.
SELECT DISTINCT change.kind, change.code
FROM control.catalogue_change AS change JOIN control.catalogue_head AS head USING (partner_id)
WHERE change.partner_id = %(partner_id)s
  AND change.revision > head.applied_revision AND change.revision <= %(revision)s
ORDER BY change.kind, change.code

-- name: pass_lanes
-- Waits until no writer of the partner is inside a transaction that may have judged with an older catalogue, and keeps
-- others from beginning one until the end of this transaction.
SELECT lane_id FROM ledger.lane WHERE partner_id = %(partner_id)s ORDER BY lane_id FOR NO KEY UPDATE

-- name: rows_of_class
-- A page of one class's rows; nobody else changes them until the end of the transaction.
SELECT person, purchase, completion, assessment, flags, satisfied
FROM projections.purchased_class
WHERE partner_id = %(partner_id)s AND class_code = %(class_code)s AND person > %(after)s
ORDER BY person LIMIT %(limit)s
FOR NO KEY UPDATE

-- name: package_purchases
-- A page of one partner's purchases of packages, also of those whose payments were withdrawn.
SELECT purchase_id, person FROM projections.purchase
WHERE partner_id = %(partner_id)s AND (package_code IS NOT NULL OR packages IS NOT NULL)
  AND (purchase_id, person) > (%(after_purchase)s, %(after_person)s)
ORDER BY purchase_id, person LIMIT %(limit)s

-- name: purchases_of_packages
-- A page of the purchases in which one of some packages has a say.
SELECT purchase_id, person FROM (
    SELECT purchase_id, person FROM projections.purchase
    WHERE partner_id = %(partner_id)s AND package_code = ANY (%(packages)s::text[])
    UNION
    SELECT purchase_id, person FROM projections.purchase
    WHERE partner_id = %(partner_id)s AND packages IS NOT NULL AND packages && %(packages)s::text[]
) AS of_packages
WHERE (purchase_id, person) > (%(after_purchase)s, %(after_person)s)
ORDER BY purchase_id, person LIMIT %(limit)s

-- name: applied
UPDATE control.catalogue_head SET applied_revision = %(revision)s
WHERE partner_id = %(partner_id)s AND applied_revision < %(revision)s
