-- Participants as aggregates: their snapshots, and the events behind these.

-- name: snapshots
-- The snapshots that there are of some participants.
SELECT partner_id, person, events, place, whole, state
FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[]) AS wanted (of_partner, wanted_person)
CROSS JOIN LATERAL (
    SELECT partner_id, person, events, place, whole, state FROM ledger.snapshot
    WHERE partner_id = of_partner AND person = wanted_person
    OFFSET 0
) AS snapshot

-- name: events_behind
-- The events of some participants without those of a lane up to a place: what is in a snapshot (places; null: there is
-- none). Those that other lanes brought may be in the snapshot nevertheless. One probe of an index a participant; OFFSET 0
-- keeps the planner from making a join of it.
SELECT of_partner, wanted_person, (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id),
       (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state
FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[], %(places)s::bigint[])
         AS wanted (of_partner, wanted_person, behind)
CROSS JOIN LATERAL (
    SELECT topic_id, happened, event_id, state FROM ledger.stored_event
    WHERE person = wanted_person AND partner_id = of_partner
      AND (behind IS NULL OR place > behind OR place >> 40 <> behind >> 40)
    OFFSET 0
) AS event

-- name: prepare
-- Once a connection.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_snapshot (
    place bigint, person bigint, events integer, partner_id smallint, whole boolean, state bytea
) ON COMMIT DELETE ROWS

-- name: stage
COPY staged_snapshot (place, person, events, partner_id, whole, state) FROM STDIN (FORMAT binary)

-- name: put
-- Writes the staged snapshots; in the order of their keys, so that two writers never wait for each other in a circle.
INSERT INTO ledger.snapshot (place, person, events, partner_id, whole, state)
SELECT place, person, events, partner_id, whole, state
FROM staged_snapshot
ORDER BY partner_id, person
ON CONFLICT (partner_id, person) DO UPDATE
SET place = excluded.place, events = excluded.events, whole = excluded.whole, state = excluded.state
