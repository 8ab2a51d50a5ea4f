-- How far each lane is, for people and for `tuntas status --json`.

-- name: lanes
SELECT topic, partition, log_id, lane_id = max(lane_id) OVER (PARTITION BY topic, partition) AS is_current,
       next_offset, high_water, greatest(high_water - next_offset, 0), accepted, duplicate, rejected, skipped,
       unknown_fields, to_char(last_read AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"'), topic_uuid, trouble, lane_id,
       first_offset
FROM ledger.lane ORDER BY topic, partition, lane_id

-- name: close
-- Closes a lane whose log is gone: it keeps what was read, under a name that no log has, and a new lane is opened for the
-- log there is. Who owns it notices by the epoch.
UPDATE ledger.lane
SET log_id = log_id || '#' || (SELECT count(*) FROM ledger.lane AS same
                               WHERE (same.topic, same.partition) = (lane.topic, lane.partition)),
    epoch = epoch + 1, trouble = NULL
WHERE lane_id = %(lane_id)s AND next_offset = %(next_offset)s
RETURNING log_id

-- name: skip
-- Goes on where the log begins; the offsets between hold nothing any more and count as skipped.
UPDATE ledger.lane
SET skipped = skipped + %(begin)s - next_offset, next_offset = %(begin)s, high_water = greatest(high_water, %(begin)s),
    epoch = epoch + 1, trouble = NULL
WHERE lane_id = %(lane_id)s AND next_offset = %(next_offset)s
RETURNING log_id
