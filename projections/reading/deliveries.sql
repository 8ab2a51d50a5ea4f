-- How many records were read on each day, and what became of them (services/postgres/ledger.sql, delivery_day).

-- name: before
-- The newest days of a partner before a day.
SELECT day, accepted, duplicate, rejected FROM ledger.delivery_day
WHERE partner_id = $1 AND day < $2::date
ORDER BY day DESC LIMIT $3

-- name: waiting
-- How many offsets of a partner were read and not counted yet.
SELECT coalesce(sum(lane.next_offset - coalesce(counted.next_offset, lane.first_offset)), 0)::bigint
FROM ledger.lane LEFT JOIN ledger.delivery_lane AS counted USING (partner_id, lane_id)
WHERE lane.partner_id = $1
