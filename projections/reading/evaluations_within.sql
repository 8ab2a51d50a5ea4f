-- Who has an event between an instant within a day and the end of a day (projections.day_place).

-- name: published
-- Whether some partners published, or withdrew, anything behind $2 and until $3, or rows do not follow what they did.
SELECT EXISTS (
    SELECT FROM control.catalogue_change
    WHERE partner_id = ANY ($1::smallint[]) AND happened > $2 AND happened <= $3
) OR EXISTS (
    SELECT FROM control.catalogue_head WHERE partner_id = ANY ($1::smallint[]) AND applied_revision < revision
)

-- name: people
-- The participants of partner $1 with an event of day $2 behind $3 and until $4. OFFSET 0 keeps it one look into the ledger a block.
SELECT DISTINCT event.person
FROM projections.day_place
CROSS JOIN LATERAL unnest(blocks) AS place (block)
CROSS JOIN LATERAL (
    SELECT person FROM ledger.event
    WHERE event.block = place.block AND event.partner_id = $1 AND happened > $3 AND happened <= $4
      AND person <> 0
    OFFSET 0
) AS event
WHERE day_place.partner_id = $1 AND day = $2

-- name: people_of_classes
-- Those of them with any evidence of classes $5.
WITH concerned AS ({people})
SELECT person FROM concerned
WHERE EXISTS (
    SELECT FROM projections.purchased_class AS of_class
    WHERE of_class.person = concerned.person AND of_class.partner_id = $1
      AND of_class.class_code = ANY ($5::text[])
    OFFSET 0
)

-- name: people_of_package
-- Those of them with a purchase, or a class, that is, or may have been, of package $5.
WITH concerned AS ({people})
SELECT person FROM concerned
WHERE EXISTS (
    SELECT FROM projections.purchase AS bought
    WHERE bought.person = concerned.person AND bought.partner_id = $1
      AND (bought.package_code = $5 OR $5 = ANY (bought.packages) OR bought.withdrawn)
    OFFSET 0
) OR EXISTS (
    SELECT FROM projections.purchased_class AS of_class
    WHERE of_class.person = concerned.person AND of_class.partner_id = $1
      AND $5 = ANY (of_class.package_codes)
    OFFSET 0
)
