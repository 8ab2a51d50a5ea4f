-- How far the intake is: lanes, what its services say of themselves, and how far what readers see is behind.

-- name: lanes
-- Of several lanes of one topic partition, each of another log, the latest is the current one.
SELECT partner_id, topic, partition, log_id, first_offset, next_offset, high_water,
       accepted, duplicate, rejected, skipped, unknown_fields, last_read, topic_uuid, trouble,
       lane_id = max(lane_id) OVER (PARTITION BY topic, partition) AS is_current
FROM ledger.lane ORDER BY topic, partition, lane_id

-- name: changes
-- Per partner: catalogue changes that not every row follows yet.
SELECT partner_id, greatest(revision - applied_revision, 0) FROM control.catalogue_head

-- name: answers_behind
-- Per partner: events and catalogue changes that were not looked at yet for what is told on tuntas.answers.<partner>.
SELECT head.partner_id,
       (SELECT coalesce(sum(lane.position - coalesce(seen.position, 0)), 0)::bigint
        FROM ledger.lane LEFT JOIN control.answer_lane AS seen USING (partner_id, lane_id)
        WHERE lane.partner_id = head.partner_id)
       + head.revision - coalesce(told.revision, 0) AS behind
FROM control.catalogue_head AS head LEFT JOIN control.answer_head AS told USING (partner_id)
ORDER BY head.partner_id

-- name: heartbeats
-- The processes that were heard of within a day, and the last one of each service: what it is, where, how many seconds
-- ago it said that it lives, whether it was stopped in order, and what it waits for.
SELECT service, host, pid, extract(epoch FROM clock_timestamp() - beat)::double precision AS seconds,
       stopped IS NOT NULL AS is_stopped, trouble
FROM control.heartbeat
WHERE beat > clock_timestamp() - interval '1 day'
   OR beat = (SELECT max(beat) FROM control.heartbeat AS of WHERE of.service = heartbeat.service)
ORDER BY service, host, pid, beat
