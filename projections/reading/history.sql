-- The events behind an answer, from the ledger.

-- name: events
-- Everything about a participant at one partner, with where in Kafka it came from.
SELECT event.topic, event.event_id, event.happened, event.recorded, event.recordedtime,
       event.sequence, event.state, lane.topic AS kafka_topic, lane.partition, event.kafka_offset
FROM ledger.event JOIN ledger.lane ON lane.lane_id = event.lane_id
WHERE event.partner_id = $1 AND event.person = $2 AND event.event_id IS NOT NULL
