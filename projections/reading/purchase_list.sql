-- Every purchase, in order of (partner_id, purchase_id, person).

-- name: behind
-- Stands for {behind}: of one partner, behind (purchase_id, person) = ($2, $3).
partner_id = $1 AND (purchase_id, person) > ($2, $3)

-- name: bought
-- Stands for {bought}: of package $5; where $6 is true with an amount that differs; purchased from $7 and before $8.
($5::text IS NULL OR package_code = $5)
AND ($7::timestamptz IS NULL OR purchased_at >= $7)
AND ($8::timestamptz IS NULL OR purchased_at < $8)

-- name: filters
-- Stands for {filters} below. They speak of the columns as they were judged last.
{behind} AND purchased_at IS NOT NULL AND {bought}
  AND ($6::boolean IS NULL OR amount_differs = $6)
  AND ($9::boolean IS NULL OR refunded = $9)

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
-- As of_partner, where $9 is true: by the index of refunded purchases, whatever plan is kept.
SELECT purchase_id, person FROM projections.purchase
WHERE refunded AND {filters}
{next}

-- name: differing
-- As of_partner, where $6 is true: by the index of purchases whose amount differs, whatever plan is kept.
SELECT purchase_id, person FROM projections.purchase
WHERE amount_differs AND {filters}
{next}

-- name: of_package
-- As of_partner, where $5 is given: by the index of package purchases.
SELECT purchase_id, person FROM projections.purchase
WHERE package_code = $5::text AND {filters}
{next}

-- name: of_participant
-- Every purchase of one participant at one partner.
SELECT purchase_id, person FROM projections.purchase
WHERE partner_id = $1 AND person = $2 AND purchase_id > $3
ORDER BY purchase_id
LIMIT $4

-- name: can_have_been
-- Stands for {can_have_been}: of all but participants $10, paid by time $9. Of these what the columns say is as it was once they
-- were paid, and an amount that differed differs.
person <> ALL ($10::bigint[]) AND purchased_at <= $9 AND {bought} AND ($6::boolean IS NOT TRUE OR amount_differs)

-- name: of_persons
-- Stands for {of_persons}: purchases of participants $10, from whom something was withdrawn since $9: those of which a payment
-- was, and those that are what is asked for. OFFSET 0 keeps it one probe of an index a participant.
(SELECT bought.purchase_id, bought.person
 FROM unnest($10::bigint[]) AS withdrew (withdrew)
 CROSS JOIN LATERAL (
     SELECT purchase_id, person FROM projections.purchase
     WHERE person = withdrew AND {behind}
       AND (withdrawn OR ($5::text IS NULL OR package_code = $5) AND ($6::boolean IS NOT TRUE OR amount_differs))
     OFFSET 0
 ) AS bought
 {next})

-- name: then
-- The next $4 purchases of one partner that a list as of time $9 can have.
SELECT purchase_id, person FROM projections.purchase
WHERE {behind} AND (person = ANY ($10::bigint[]) OR {can_have_been})
{next}

-- name: differing_then
-- The same of amounts that differ.
SELECT purchase_id, person
FROM (
    (SELECT purchase_id, person FROM projections.purchase
     WHERE {behind} AND amount_differs AND {can_have_been} {next})
    UNION {of_persons}
) AS found
{next}

-- name: of_package_then
-- The same of package $5.
SELECT purchase_id, person
FROM (
    (SELECT purchase_id, person FROM projections.purchase
     WHERE {behind} AND package_code = $5::text AND {can_have_been} {next})
    UNION {of_persons}
) AS found
{next}

-- name: refunded_then
-- The same of what was refunded: that is so now, or, where more was bought under the id since, a class of the participant is
-- refunded or was bought again.
SELECT purchase_id, person FROM projections.purchase
WHERE {behind} AND (
    person = ANY ($10::bigint[])
    OR {can_have_been} AND (refunded OR EXISTS (
        SELECT FROM projections.purchased_class AS of_class
        WHERE of_class.person = purchase.person AND of_class.partner_id = $1 AND of_class.unusual
        OFFSET 0
    ))
)
{next}
