-- name: copy_events
-- Columns in the order of ledger.encode_events: the numbers, what is mostly the same for all events of a topic, then the
-- texts.
COPY ledger.stored_event (place, number, person, happened, recorded, partner_id, topic_id, collided, delay, stream, event_id,
                          sequence, state)
FROM STDIN (FORMAT binary)

-- name: copy_duplicates
-- Columns in the order of ledger.copy_duplicates.
COPY ledger.duplicate (kafka_offset, recorded, lane_id, partner_id, event_id) FROM STDIN (FORMAT binary)

-- name: copy_rejections
-- Columns in the order of ledger.copy_rejections.
COPY ledger.rejection (lane_id, kafka_offset, partner_id, reason, detail, event_id, record_key,
                       record, record_size, recorded, headers, sent)
FROM STDIN (FORMAT binary)

-- name: owners_of_hashes
-- Of new event ids, those whose hash belongs to another id: one in the ledger, or else the first of the new ones.
SELECT new.partner_id, new.event_id
FROM (
    SELECT partner_id, event_id, hash,
           first_value(partner_id) OVER of_hash AS first_partner_id,
           first_value(event_id) OVER of_hash AS first_event_id
    FROM (
        SELECT partner_id, event_id, number, ledger.id_hash(partner_id, event_id) AS hash
        FROM unnest(%(partner_ids)s::smallint[], %(event_ids)s::text[])
          WITH ORDINALITY AS given (partner_id, event_id, number)
    ) AS hashed
    WINDOW of_hash AS (PARTITION BY hash ORDER BY number)
) AS new
LEFT JOIN LATERAL (
    SELECT held.partner_id, held.event_id
    FROM ledger.stored_event AS held
    WHERE NOT held.collided AND ledger.id_hash(held.partner_id, held.event_id) = new.hash
    OFFSET 0
) AS held ON true
WHERE (coalesce(held.partner_id, new.first_partner_id), coalesce(held.event_id, new.first_event_id))
      <> (new.partner_id, new.event_id COLLATE "C")

-- name: find_events
-- Which of many event ids of partners are in the ledger. OFFSET 0 keeps the planner from turning
-- the look-ups into a join: whatever it believes about the table, this is one probe of an index an
-- id, and never a scan of the table. Ids whose hash belongs to another one are asked for only if there
-- are such ids at all; ORDER BY has that, too, answered by an index.
SELECT found.partner_id, found.event_id, topic.name, found.person, found.stream,
       (extract(epoch FROM found.happened) * 1000000)::bigint, found.state
FROM (
    SELECT event.*
    FROM unnest(%(partner_ids)s::smallint[], %(event_ids)s::text[]) AS wanted (partner_id, event_id)
    CROSS JOIN LATERAL (
        SELECT partner_id, event_id, topic_id, person, stream, happened, state
        FROM ledger.stored_event
        WHERE NOT collided
          AND ledger.id_hash(stored_event.partner_id, stored_event.event_id)
              = ledger.id_hash(wanted.partner_id, wanted.event_id)
          AND stored_event.partner_id = wanted.partner_id AND stored_event.event_id = wanted.event_id COLLATE "C"
        OFFSET 0
    ) AS event
    UNION ALL
    SELECT event.*
    FROM unnest(%(partner_ids)s::smallint[], %(event_ids)s::text[]) AS wanted (partner_id, event_id)
    CROSS JOIN LATERAL (
        SELECT partner_id, event_id, topic_id, person, stream, happened, state
        FROM ledger.stored_event
        WHERE collided AND stored_event.partner_id = wanted.partner_id
          AND stored_event.event_id = wanted.event_id COLLATE "C"
        OFFSET 0
    ) AS event
    WHERE (SELECT collided FROM ledger.stored_event WHERE collided ORDER BY partner_id, event_id LIMIT 1)
) AS found
LEFT JOIN ledger.topic USING (topic_id)

-- name: events_of_stream
-- All events of one stream with the Kafka coordinates they came from.
SELECT event.lane_id, event.position, event.version, lane.topic, lane.partition, event.kafka_offset,
       (extract(epoch FROM event.happened) * 1000000)::bigint,
       (extract(epoch FROM event.recorded) * 1000000)::bigint,
       (extract(epoch FROM event.recordedtime) * 1000000)::bigint,
       event.topic, event.event_id, event.sequence, event.state
FROM ledger.event JOIN ledger.lane ON lane.lane_id = event.lane_id
WHERE event.partner_id = %(partner_id)s AND event.person = %(person)s AND event.stream = %(stream)s
ORDER BY event.lane_id, event.position

-- name: set_server_number
-- The first number given stays.
INSERT INTO ledger.server (number) VALUES (%(number)s) ON CONFLICT DO NOTHING

-- name: server_number
SELECT number FROM ledger.server
