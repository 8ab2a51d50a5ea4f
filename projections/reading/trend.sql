-- What the first page says beside the partners' figures: the sums over time (projections/storage/tables.sql,
-- day_block), and purchases whose amount differs.

-- name: newest
-- Of cumulative sums (numbered from 1) of kind $1 the days of the last row until day $3, in blocks of 2 to the power of
-- $4 days.
SELECT held.block, held.days
FROM unnest($2::smallint[]) AS wanted (partner_id)
CROSS JOIN LATERAL (
    SELECT block, days FROM projections.day_block
    WHERE day_block.kind = $1::smallint AND day_block.partner_id = wanted.partner_id
      AND day_block.package_code = '' AND day_block.code = '' AND day_block.block <= $3::integer >> $4::integer
    ORDER BY block DESC LIMIT 1
) AS held

-- name: differing
-- Per partner how many purchases there are whose amount is not the sum of their prices; counted until $2.
SELECT wanted.partner_id, held.n
FROM unnest($1::smallint[]) AS wanted (partner_id)
CROSS JOIN LATERAL (
    SELECT count(*) AS n FROM (
        SELECT FROM projections.purchase
        WHERE amount_differs AND purchase.partner_id = wanted.partner_id AND purchased_at IS NOT NULL
        LIMIT $2
    ) AS among
) AS held
WHERE held.n > 0
