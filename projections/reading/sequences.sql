-- Gaps in partners' running numbers (projections/sequences.py).

-- name: counts
-- What a partner's events carry; lowest and highest number, and how many events were not looked at yet.
SELECT received, ranges, unnumbered, unusable,
       (SELECT first_number FROM projections.sequence_range
        WHERE partner_id = $1 ORDER BY first_number LIMIT 1) AS lowest,
       (SELECT last_number FROM projections.sequence_range
        WHERE partner_id = $1 ORDER BY first_number DESC LIMIT 1) AS highest,
       (SELECT coalesce(sum(lane.position - coalesce(seen.position, 0)), 0)::bigint
        FROM ledger.lane LEFT JOIN projections.sequence_lane AS seen USING (lane_id)
        WHERE lane.partner_id = $1) AS behind
FROM (VALUES (1)) AS once LEFT JOIN projections.sequence_count ON partner_id = $1

-- name: gaps
-- The first $2 gaps, each from its first missing number to its last one.
SELECT last_number + 1 AS first_missing, next_number - 1 AS last_missing
FROM (
    SELECT last_number, lead(first_number) OVER (ORDER BY first_number) AS next_number
    FROM (SELECT first_number, last_number FROM projections.sequence_range
          WHERE partner_id = $1 ORDER BY first_number LIMIT $2 + 1) AS first_ranges
) AS neighbours
WHERE next_number IS NOT NULL
ORDER BY first_missing
