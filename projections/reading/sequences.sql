-- Gaps in partners' running numbers (projections/sequences.py).

-- name: counts
-- What a partner's events carry; lowest and highest number, and how many events were not looked at yet. Of the numbers
-- that only rejected records carry: how many there are, how many inside (between lowest and highest), and of these how
-- many stand right before a range, and how many have nobody right before them.
SELECT counted.*, rejected.*
FROM (
    SELECT received, ranges, unnumbered, unusable,
           (SELECT first_number FROM projections.sequence_range
            WHERE partner_id = $1 ORDER BY first_number LIMIT 1) AS lowest,
           (SELECT last_number FROM projections.sequence_range
            WHERE partner_id = $1 ORDER BY first_number DESC LIMIT 1) AS highest,
           (SELECT coalesce(sum(lane.position - coalesce(seen.position, 0)), 0)::bigint
            FROM ledger.lane LEFT JOIN projections.sequence_lane AS seen USING (partner_id, lane_id)
            WHERE lane.partner_id = $1) AS behind
    FROM (VALUES (1)) AS once LEFT JOIN projections.sequence_count ON partner_id = $1
) AS counted
CROSS JOIN LATERAL (
    SELECT count(*) AS rejected, count(*) FILTER (WHERE inside) AS inside,
           count(*) FILTER (WHERE inside AND EXISTS (
               SELECT FROM projections.sequence_range
               WHERE partner_id = $1 AND first_number = number + 1
           )) AS closing,
           count(*) FILTER (WHERE inside AND NOT EXISTS (
               SELECT FROM projections.sequence_rejected AS before
               WHERE before.partner_id = $1 AND before.number = held.number - 1
           ) AND (
               SELECT last_number FROM projections.sequence_range
               WHERE partner_id = $1 AND first_number < number ORDER BY first_number DESC LIMIT 1
           ) < number - 1) AS opening
    FROM (SELECT number, coalesce(number BETWEEN counted.lowest AND counted.highest, false) AS inside
          FROM projections.sequence_rejected WHERE partner_id = $1) AS held
) AS rejected

-- name: missing
-- Per partner that numbers events: how many numbers between its lowest and highest neither accepted nor rejected records
-- carry.
SELECT counted.partner_id, highest - lowest + 1 - received - inside AS missing
FROM projections.sequence_count AS counted
CROSS JOIN LATERAL (
    SELECT first_number AS lowest FROM projections.sequence_range AS first_one
    WHERE first_one.partner_id = counted.partner_id ORDER BY first_number LIMIT 1
) AS first_one
CROSS JOIN LATERAL (
    SELECT last_number AS highest FROM projections.sequence_range AS last_one
    WHERE last_one.partner_id = counted.partner_id ORDER BY first_number DESC LIMIT 1
) AS last_one
CROSS JOIN LATERAL (
    SELECT count(*) AS inside FROM projections.sequence_rejected AS held
    WHERE held.partner_id = counted.partner_id AND number BETWEEN lowest AND highest
) AS inside
ORDER BY counted.partner_id

-- name: gaps
-- The first $2 gaps among the first $3 stretches, each from its first missing number to its last one. A number that a
-- rejected record carries is a stretch of its own.
SELECT last_number + 1 AS first_missing, next_number - 1 AS last_missing
FROM (
    SELECT last_number, lead(first_number) OVER (ORDER BY first_number) AS next_number
    FROM (
        (SELECT first_number, last_number FROM projections.sequence_range
         WHERE partner_id = $1 ORDER BY first_number LIMIT $3)
        UNION ALL
        (SELECT number, number FROM projections.sequence_rejected
         WHERE partner_id = $1 AND number BETWEEN $4 AND $5 ORDER BY number LIMIT $3)
        ORDER BY first_number LIMIT $3
    ) AS stretches
) AS neighbours
WHERE next_number > last_number + 1
ORDER BY first_missing
LIMIT $2
