-- What was read last of lanes (services/intake/last_read.py).

-- name: last_read
-- The outcome of the last record of each lane that has one: offset, event id and, of a rejected one, how large its value
-- was, what is kept of it, and why it was rejected.
SELECT lane.lane_id, last.*
FROM ledger.lane
CROSS JOIN LATERAL (
    SELECT number AS kafka_offset, event_id, NULL::bigint AS size, NULL::bytea AS value, NULL::text AS reason
    FROM ledger.stored_event
    WHERE place >> 7 = ledger.block(lane.lane_id, lane.position) AND place = ledger.place(lane.lane_id, lane.position)
      AND number >= 0
    UNION ALL
    (SELECT kafka_offset, event_id, NULL, NULL, NULL FROM ledger.duplicate
     WHERE duplicate.partner_id = lane.partner_id AND duplicate.lane_id = lane.lane_id
     ORDER BY kafka_offset DESC LIMIT 1)
    UNION ALL
    (SELECT kafka_offset, event_id, record_size, record, reason FROM ledger.rejection
     WHERE rejection.partner_id = lane.partner_id AND rejection.lane_id = lane.lane_id
     ORDER BY kafka_offset DESC LIMIT 1)
    ORDER BY kafka_offset DESC LIMIT 1
) AS last
WHERE lane.lane_id = ANY (%(lane_ids)s::integer[])
