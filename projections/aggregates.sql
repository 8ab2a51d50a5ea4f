-- Participants as aggregates: their snapshots, and the events behind these.

-- name: snapshots
-- The snapshots that there are of some participants.
SELECT partner_id, participant_id, events, place, whole, state
FROM unnest(%(partner_ids)s::smallint[], %(participant_ids)s::text[]) AS wanted (of_partner, wanted_id)
CROSS JOIN LATERAL (
    SELECT partner_id, participant_id, events, place, whole, state FROM ledger.snapshot
    WHERE partner_id = of_partner AND participant_id = wanted_id COLLATE "C"
    OFFSET 0
) AS snapshot

-- name: events_behind
-- The events of some participants without those of a lane up to a place: what is in a snapshot (places; null: there is
-- none). Those that other lanes brought may be in the snapshot nevertheless. One probe of an index a participant; OFFSET 0
-- keeps the planner from making a join of it.
SELECT of_partner, wanted_id, (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id),
       (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state
FROM unnest(%(partner_ids)s::smallint[], %(participant_ids)s::text[], %(places)s::bigint[])
         AS wanted (of_partner, wanted_id, behind)
CROSS JOIN LATERAL (
    SELECT topic_id, happened, event_id, state FROM ledger.stored_event
    WHERE stream = ('p:' || wanted_id) COLLATE "C" AND partner_id = of_partner
      AND (behind IS NULL OR place > behind OR place >> 40 <> behind >> 40)
    OFFSET 0
) AS event

-- name: prepare
-- Once a connection.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_snapshot (
    place bigint, events integer, partner_id smallint, whole boolean, participant_id text COLLATE "C", state bytea
) ON COMMIT DELETE ROWS

-- name: stage
COPY staged_snapshot (place, events, partner_id, whole, participant_id, state) FROM STDIN (FORMAT binary)

-- name: put
-- Writes the staged snapshots; in the order of their keys, so that two writers never wait for each other in a circle.
INSERT INTO ledger.snapshot (place, events, partner_id, whole, participant_id, state)
SELECT place, events, partner_id, whole, participant_id, state
FROM staged_snapshot
ORDER BY partner_id, participant_id
ON CONFLICT (partner_id, participant_id) DO UPDATE
SET place = excluded.place, events = excluded.events, whole = excluded.whole, state = excluded.state
