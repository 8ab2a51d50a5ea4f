-- Rejections on their way to tuntas.rejections.<partner>.

-- name: claim
-- One process at a time announces; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727402)

-- name: next_rejections
-- The oldest rejections of each lane that were not announced, in the order of their offsets: as many as are within the
-- bounds in number and bytes, and at least one.
SELECT rejection.lane_id, lane.topic, lane.partition, rejection.kafka_offset, rejection.partner_id, rejection.reason,
       rejection.detail, rejection.event_id, rejection.record_key, rejection.record, rejection.record_size,
       (extract(epoch FROM rejection.recorded) * 1000000)::bigint, rejection.headers
FROM ledger.lane
LEFT JOIN ledger.rejection_announced AS announced USING (partner_id, lane_id)
CROSS JOIN LATERAL (
    SELECT *
    FROM (
        SELECT *, sum(octet_length(record) + coalesce(octet_length(headers), 0) + coalesce(octet_length(record_key), 0))
                  OVER (ORDER BY kafka_offset ROWS BETWEEN UNBOUNDED PRECEDING AND 1 PRECEDING) AS bytes_before
        FROM (
            SELECT * FROM ledger.rejection
            WHERE rejection.partner_id = lane.partner_id AND rejection.lane_id = lane.lane_id
              AND rejection.kafka_offset >= coalesce(announced.next_offset, 0)
            ORDER BY rejection.kafka_offset LIMIT %(limit)s
        ) AS next
    ) AS weighed
    WHERE coalesce(bytes_before, 0) < %(bytes)s
) AS rejection
ORDER BY rejection.lane_id, rejection.kafka_offset

-- name: announced
INSERT INTO ledger.rejection_announced (partner_id, lane_id, next_offset)
VALUES (%(partner_id)s, %(lane_id)s, %(next_offset)s)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET next_offset = excluded.next_offset
