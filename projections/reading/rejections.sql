-- Rejected records, newest first: in order of (recorded, lane_id, kafka_offset), backwards.

-- name: newest
-- The next $5 rejections of some partners before (recorded, lane_id, kafka_offset) = ($2, $3, $4), recorded from $7 to
-- before $8. Each partner's newest are found by its index, those under one event id ($9) by theirs; only the records that
-- are shown are read. `resolved` ($10): whether the same id was accepted later on.
SELECT rejection.partner_id, lane.topic, lane.partition, rejection.lane_id, rejection.kafka_offset,
       rejection.reason, rejection.detail, rejection.event_id, rejection.recorded, rejection.record_key,
       rejection.record, rejection.record_size, rejection.headers, rejection.sent, shown.resolved
FROM (
    SELECT wanted.partner_id, found.*
    FROM unnest($1::smallint[]) AS wanted (partner_id)
    CROSS JOIN LATERAL (
        SELECT *
        FROM (
            (SELECT recorded, lane_id, kafka_offset,
                    ledger.accepted_after(partner_id, event_id, recorded, lane_id, kafka_offset) AS resolved
             FROM ledger.rejection
             WHERE $9::text IS NULL AND rejection.partner_id = wanted.partner_id
               AND (recorded, lane_id, kafka_offset) < ($2::timestamptz, $3::integer, $4::bigint)
               AND recorded >= $7::timestamptz AND recorded < $8::timestamptz
               AND ($6::text IS NULL OR reason = $6)
               AND ($10::boolean IS NULL
                    OR ledger.accepted_after(partner_id, event_id, recorded, lane_id, kafka_offset) = $10)
             ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC
             LIMIT $5)
            UNION ALL
            (SELECT recorded, lane_id, kafka_offset,
                    ledger.accepted_after(partner_id, event_id, recorded, lane_id, kafka_offset) AS resolved
             FROM ledger.rejection
             WHERE rejection.partner_id = wanted.partner_id AND event_id = $9
               AND (recorded, lane_id, kafka_offset) < ($2::timestamptz, $3::integer, $4::bigint)
               AND recorded >= $7::timestamptz AND recorded < $8::timestamptz
               AND ($6::text IS NULL OR reason = $6)
               AND ($10::boolean IS NULL
                    OR ledger.accepted_after(partner_id, event_id, recorded, lane_id, kafka_offset) = $10)
             ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC
             LIMIT $5)
        ) AS of_partner
    ) AS found
    ORDER BY found.recorded DESC, found.lane_id DESC, found.kafka_offset DESC
    LIMIT $5
) AS shown
JOIN ledger.rejection USING (partner_id, lane_id, kafka_offset)
JOIN ledger.lane ON lane.lane_id = shown.lane_id
ORDER BY rejection.recorded DESC, rejection.lane_id DESC, rejection.kafka_offset DESC

-- name: reasons
-- The reasons of a partner's newest $2 rejections, and how often each is among them.
SELECT reason, count(*) FROM (
    SELECT reason FROM ledger.rejection WHERE partner_id = $1
    ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC LIMIT $2
) AS newest
GROUP BY reason ORDER BY count(*) DESC, reason
