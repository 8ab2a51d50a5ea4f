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

-- name: recent
-- Per partner of whose recent records some were rejected: how many recent ones there are, and how many of them were
-- rejected. Recent are those among the last {offsets} offsets that were read of each of its topic partitions, of the log
-- that is read on. The others are counted only where at least {least} were rejected, else null.
WITH current AS MATERIALIZED (
    SELECT DISTINCT ON (topic, partition) partner_id, lane_id, position, next_offset - {offsets} AS since
    FROM ledger.lane ORDER BY topic, partition, lane_id DESC
), rejected AS MATERIALIZED (
    SELECT partner_id, sum(n)::bigint AS rejected
    FROM current CROSS JOIN LATERAL (
        SELECT count(*) AS n FROM ledger.rejection
        WHERE rejection.partner_id = current.partner_id AND rejection.lane_id = current.lane_id
          AND kafka_offset >= since
    ) AS of_lane
    GROUP BY partner_id HAVING sum(n) > 0
)
SELECT rejected.partner_id, rejected.rejected,
       CASE WHEN rejected.rejected >= {least} THEN rejected.rejected + (
           SELECT sum(duplicates.n + events.n)::bigint
           FROM current
           CROSS JOIN LATERAL (
               SELECT count(*) AS n FROM ledger.duplicate
               WHERE duplicate.partner_id = current.partner_id AND duplicate.lane_id = current.lane_id
                 AND kafka_offset >= since
           ) AS duplicates
           CROSS JOIN LATERAL (
               SELECT count(*) AS n FROM ledger.event
               WHERE event.block BETWEEN ledger.block(current.lane_id, greatest(current.position - {offsets}, 0))
                                     AND ledger.block(current.lane_id, current.position)
                 AND event.lane_id = current.lane_id AND event.kafka_offset >= since
           ) AS events
           WHERE current.partner_id = rejected.partner_id
       ) END
FROM rejected ORDER BY rejected.partner_id

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
