-- Rejected records, newest first: in order of (recorded, lane_id, kafka_offset), backwards.

-- name: newest
-- The next $5 rejections of some partners before (recorded, lane_id, kafka_offset) = ($2, $3, $4). Each partner's
-- newest are found by its index; only the records that are shown are read.
SELECT rejection.partner_id, lane.topic, lane.partition, rejection.lane_id, rejection.kafka_offset,
       rejection.reason, rejection.detail, rejection.event_id, rejection.recorded, rejection.record_key,
       rejection.record, rejection.record_size
FROM (
    SELECT wanted.partner_id, found.recorded, found.lane_id, found.kafka_offset
    FROM unnest($1::smallint[]) AS wanted (partner_id)
    CROSS JOIN LATERAL (
        SELECT recorded, lane_id, kafka_offset
        FROM ledger.rejection AS of_partner
        WHERE of_partner.partner_id = wanted.partner_id
          AND (recorded, lane_id, kafka_offset) < ($2::timestamptz, $3::integer, $4::bigint)
          AND recorded >= $7::timestamptz
          AND ($6::text IS NULL OR reason = $6)
        ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC
        LIMIT $5
    ) AS found
    ORDER BY found.recorded DESC, found.lane_id DESC, found.kafka_offset DESC
    LIMIT $5
) AS shown
JOIN ledger.rejection USING (partner_id, lane_id, kafka_offset)
JOIN ledger.lane ON lane.lane_id = shown.lane_id
ORDER BY rejection.recorded DESC, rejection.lane_id DESC, rejection.kafka_offset DESC
