-- name: find_lane
-- One lane, as take_over and find_lane give it: the columns are the fields of lane_rows.LaneState.
SELECT lane_id, log_id, topic, partition, partner_id, first_offset, next_offset, high_water,
       position, epoch, accepted, duplicate, rejected, skipped, unknown_fields
FROM ledger.lane
WHERE log_id = %(log_id)s AND topic = %(topic)s AND partition = %(partition)s

-- name: open_lane
-- A new lane that is read from first_offset; nothing when the lane is there already.
INSERT INTO ledger.lane (log_id, topic, partition, partner_id, first_offset, next_offset, high_water)
VALUES (%(log_id)s, %(topic)s, %(partition)s, %(partner_id)s,
        %(first_offset)s, %(first_offset)s, %(first_offset)s)
ON CONFLICT (log_id, topic, partition) DO NOTHING

-- name: take_over
-- The next epoch of each lane: from here on, earlier owners cannot advance it. Rows are locked in
-- the order of their ids, so that two workers never wait for each other in a circle.
WITH mine AS MATERIALIZED (
    SELECT lane_id FROM ledger.lane
    WHERE lane_id = ANY (%(lane_ids)s::integer[])
    ORDER BY lane_id
    FOR NO KEY UPDATE
)
UPDATE ledger.lane SET epoch = lane.epoch + 1
FROM mine
WHERE lane.lane_id = mine.lane_id
RETURNING lane.lane_id, log_id, topic, partition, partner_id, first_offset, next_offset, high_water,
          position, epoch, accepted, duplicate, rejected, skipped, unknown_fields

-- name: advance
-- Compare-and-set of many lanes: only a lane that still stands at expected_offset in the caller's
-- epoch moves, and is well then. Locks in the order of lane ids. Answers the position of the first new event.
WITH step AS (
    SELECT *
    FROM unnest(%(lane_id)s::integer[], %(epoch)s::integer[],
                %(expected_offset)s::bigint[], %(next_offset)s::bigint[],
                %(accepted)s::bigint[], %(duplicate)s::bigint[], %(rejected)s::bigint[],
                %(skipped)s::bigint[], %(unknown_fields)s::bigint[], %(high_water)s::bigint[])
      AS step (lane_id, epoch, expected_offset, next_offset, accepted, duplicate, rejected,
               skipped, unknown_fields, high_water)
), mine AS MATERIALIZED (
    SELECT lane.lane_id
    FROM ledger.lane JOIN step ON step.lane_id = lane.lane_id
    WHERE lane.next_offset = step.expected_offset AND lane.epoch = step.epoch
    ORDER BY lane.lane_id
    FOR NO KEY UPDATE OF lane
)
UPDATE ledger.lane
SET next_offset = step.next_offset,
    high_water = step.high_water,
    position = lane.position + step.accepted,
    accepted = lane.accepted + step.accepted,
    duplicate = lane.duplicate + step.duplicate,
    rejected = lane.rejected + step.rejected,
    skipped = lane.skipped + step.skipped,
    unknown_fields = lane.unknown_fields + step.unknown_fields,
    last_read = clock_timestamp(),
    trouble = NULL
FROM mine JOIN step ON step.lane_id = mine.lane_id
WHERE lane.lane_id = mine.lane_id
RETURNING lane.lane_id, lane.position - step.accepted + 1
