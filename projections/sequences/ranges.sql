-- Which running numbers (CloudEvents extension `sequence`) a partner's events carry.

-- name: claim
-- One process at a time follows; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727404)

-- name: claim_waiting
-- As claim, but waits for its turn.
SELECT pg_advisory_xact_lock(727404)

-- name: steps
-- Lanes with events that were not looked at, and up to where the next step goes.
SELECT lane.lane_id, lane.partner_id, coalesce(seen.position, 0),
       least(lane.position, coalesce(seen.position, 0) + %(limit)s::bigint)
FROM ledger.lane LEFT JOIN projections.sequence_lane AS seen USING (partner_id, lane_id)
WHERE lane.position > coalesce(seen.position, 0)
ORDER BY lane.lane_id

-- name: numbers
-- What the events of some steps carry. Rows (partner, true, first, last): numbers without a gap between them. Rows
-- (partner, false, how many carry none, how many carry something that is no whole number of at most 18 digits).
WITH looked_at AS MATERIALIZED (
    SELECT step.partner_id, event.sequence, event.sequence ~ '^0*[0-9]{1,18}$' AS usable
    FROM unnest(%(lane_ids)s::integer[], %(partner_ids)s::smallint[], %(seen)s::bigint[], %(upto)s::bigint[])
      AS step (lane_id, partner_id, seen, upto)
    CROSS JOIN LATERAL (
        SELECT sequence FROM ledger.event
        WHERE event.block BETWEEN ledger.block(step.lane_id, step.seen) AND ledger.block(step.lane_id, step.upto)
          AND event.position > step.seen AND event.position <= step.upto
        OFFSET 0
    ) AS event
), numbered AS (
    SELECT partner_id, number, number - row_number() OVER (PARTITION BY partner_id ORDER BY number) AS island
    FROM (SELECT DISTINCT partner_id, CASE WHEN usable THEN sequence::bigint END AS number
          FROM looked_at WHERE usable) AS usable_numbers
)
SELECT partner_id, true, min(number), max(number) FROM numbered GROUP BY partner_id, island
UNION ALL
SELECT partner_id, false, count(*) FILTER (WHERE sequence IS NULL), count(*) FILTER (WHERE NOT usable)
FROM looked_at GROUP BY partner_id

-- name: take_touching
-- Takes out the ranges that overlap new ones, or lie next to them.
DELETE FROM projections.sequence_range AS held
USING (
    SELECT DISTINCT new.partner_id, found.first_number
    FROM unnest(%(partner_ids)s::smallint[], %(firsts)s::bigint[], %(lasts)s::bigint[])
      AS new (partner_id, first_number, last_number)
    CROSS JOIN LATERAL (
        (SELECT first_number, last_number FROM projections.sequence_range AS later
         WHERE later.partner_id = new.partner_id
           AND later.first_number >= new.first_number AND later.first_number <= new.last_number + 1)
        UNION ALL
        (SELECT first_number, last_number FROM projections.sequence_range AS earlier
         WHERE earlier.partner_id = new.partner_id AND earlier.first_number < new.first_number
         ORDER BY earlier.first_number DESC LIMIT 1)
    ) AS found
    WHERE found.last_number >= new.first_number - 1
) AS touching
WHERE held.partner_id = touching.partner_id AND held.first_number = touching.first_number
RETURNING held.partner_id, held.first_number, held.last_number

-- name: copy_ranges
COPY projections.sequence_range (partner_id, first_number, last_number) FROM STDIN

-- name: add_counts
INSERT INTO projections.sequence_count AS counted (partner_id, received, ranges, unnumbered, unusable)
VALUES (%(partner_id)s, %(received)s, %(ranges)s, %(unnumbered)s, %(unusable)s)
ON CONFLICT (partner_id) DO UPDATE
SET received = counted.received + excluded.received, ranges = counted.ranges + excluded.ranges,
    unnumbered = counted.unnumbered + excluded.unnumbered, unusable = counted.unusable + excluded.unusable

-- name: looked_at
INSERT INTO projections.sequence_lane (partner_id, lane_id, position)
SELECT lane.partner_id, lane_id, step.position
FROM unnest(%(lane_ids)s::integer[], %(upto)s::bigint[]) AS step (lane_id, position) JOIN ledger.lane USING (lane_id)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position

-- name: rejections
-- The next rejections that were not looked at, in order of lane and offset, and at most so many. The record where it was
-- kept whole and may carry a number, else null.
SELECT lane.lane_id, next.kafka_offset, lane.partner_id, next.record
FROM ledger.lane LEFT JOIN projections.sequence_rejection_lane AS seen USING (partner_id, lane_id)
CROSS JOIN LATERAL (
    SELECT kafka_offset,
           CASE WHEN octet_length(record) = record_size AND position('"sequence"'::bytea IN record) > 0
                THEN record END AS record
    FROM ledger.rejection
    WHERE rejection.partner_id = lane.partner_id AND rejection.lane_id = lane.lane_id
      AND kafka_offset >= coalesce(seen.next_offset, 0)
    ORDER BY kafka_offset LIMIT %(limit)s
) AS next
WHERE lane.rejected > coalesce(seen.rejected, 0)
ORDER BY lane.lane_id, next.kafka_offset LIMIT %(limit)s

-- name: add_rejected
-- Adds numbers of rejected records, but those that an accepted event carries.
INSERT INTO projections.sequence_rejected (partner_id, number)
SELECT partner_id, number
FROM unnest(%(partner_ids)s::smallint[], %(numbers)s::bigint[]) AS new (partner_id, number)
WHERE coalesce((
    SELECT last_number FROM projections.sequence_range AS held
    WHERE held.partner_id = new.partner_id AND held.first_number <= new.number
    ORDER BY held.first_number DESC LIMIT 1
) < number, true)
ON CONFLICT DO NOTHING

-- name: accepted_after_all
-- Takes out numbers of rejected records that accepted events carry now.
DELETE FROM projections.sequence_rejected AS held
USING unnest(%(partner_ids)s::smallint[], %(firsts)s::bigint[], %(lasts)s::bigint[])
  AS new (partner_id, first_number, last_number)
WHERE held.partner_id = new.partner_id AND held.number BETWEEN new.first_number AND new.last_number

-- name: looked_at_rejections
INSERT INTO projections.sequence_rejection_lane AS seen (partner_id, lane_id, next_offset, rejected)
SELECT partner_id, lane_id, next_offset, count
FROM unnest(%(partner_ids)s::smallint[], %(lane_ids)s::integer[], %(next_offsets)s::bigint[], %(counts)s::bigint[])
  AS step (partner_id, lane_id, next_offset, count)
ON CONFLICT (partner_id, lane_id) DO UPDATE
SET next_offset = excluded.next_offset, rejected = seen.rejected + excluded.rejected
