-- How far each lane is, for people and for `tuntas status --json`.

-- name: lanes
SELECT topic, partition, log_id, lane_id = max(lane_id) OVER (PARTITION BY topic, partition) AS is_current,
       next_offset, high_water, greatest(high_water - next_offset, 0), accepted, duplicate, rejected, skipped,
       unknown_fields, to_char(last_read AT TIME ZONE 'UTC', 'YYYY-MM-DD"T"HH24:MI:SS"Z"')
FROM ledger.lane ORDER BY topic, partition, lane_id
