-- What became of single events, by the ids that their partner gave them. One probe of an index an id, whatever the planner
-- believes of the tables (OFFSET 0).

-- name: accepted
-- Where each of some event ids was accepted.
SELECT found.event_id, topic.name AS fact, found.state, found.happened, found.recorded, lane.topic, lane.partition,
       found.number AS kafka_offset
FROM (
    SELECT event.*
    FROM unnest($2::text[]) AS wanted (event_id)
    CROSS JOIN LATERAL (
        SELECT place, number, happened, recorded, topic_id, state, event_id
        FROM ledger.stored_event
        WHERE NOT collided
          AND ledger.id_hash(partner_id, stored_event.event_id) = ledger.id_hash($1::smallint, wanted.event_id)
          AND partner_id = $1 AND stored_event.event_id = wanted.event_id COLLATE "C"
        OFFSET 0
    ) AS event
    UNION ALL
    SELECT event.*
    FROM unnest($2::text[]) AS wanted (event_id)
    CROSS JOIN LATERAL (
        SELECT place, number, happened, recorded, topic_id, state, event_id
        FROM ledger.stored_event
        WHERE collided AND partner_id = $1 AND stored_event.event_id = wanted.event_id COLLATE "C"
        OFFSET 0
    ) AS event
) AS found
JOIN ledger.topic USING (topic_id)
JOIN ledger.lane ON lane.lane_id = (found.place >> 40)::integer

-- name: repeats
-- How often each of some event ids was sent again, and where, the latest first: at most $3 places an id.
SELECT found.event_id, lane.topic, lane.partition, found.kafka_offset, found.recorded, found.times
FROM unnest($2::text[]) AS wanted (event_id)
CROSS JOIN LATERAL (
    SELECT duplicate.*, count(*) OVER () AS times
    FROM ledger.duplicate
    WHERE duplicate.partner_id = $1 AND duplicate.event_id = wanted.event_id
    ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC
    LIMIT $3
) AS found
JOIN ledger.lane ON lane.lane_id = found.lane_id
ORDER BY found.recorded DESC, found.lane_id DESC, found.kafka_offset DESC

-- name: rejections
-- The rejections under each of some event ids, the latest first: at most $3 an id. `resolved`: the same id was accepted
-- later on.
SELECT found.event_id, lane.topic, lane.partition, found.kafka_offset, found.recorded, found.reason, found.detail,
       found.times,
       ledger.accepted_after($1::smallint, found.event_id, found.recorded, found.lane_id, found.kafka_offset) AS resolved
FROM unnest($2::text[]) AS wanted (event_id)
CROSS JOIN LATERAL (
    SELECT rejection.lane_id, rejection.kafka_offset, rejection.event_id, rejection.recorded, rejection.reason,
           rejection.detail, count(*) OVER () AS times
    FROM ledger.rejection
    WHERE rejection.partner_id = $1 AND rejection.event_id = wanted.event_id
    ORDER BY recorded DESC, lane_id DESC, kafka_offset DESC
    LIMIT $3
) AS found
JOIN ledger.lane ON lane.lane_id = found.lane_id
ORDER BY found.recorded DESC, found.lane_id DESC, found.kafka_offset DESC
