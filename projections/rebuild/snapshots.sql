-- Snapshots beside the events that they are made of.

-- name: page
-- The next whole snapshots behind one.
SELECT partner_id, person, place, state FROM ledger.snapshot
WHERE whole AND (partner_id, person) > (%(partner_id)s, %(person)s)
ORDER BY partner_id, person LIMIT %(limit)s

-- name: events
-- Everything about some participants. OFFSET 0 keeps it one probe of an index a participant.
SELECT of_partner, of_person, (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id),
       (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state
FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[]) AS wanted (of_partner, of_person)
CROSS JOIN LATERAL (
    SELECT topic_id, happened, event_id, state FROM ledger.stored_event
    WHERE person = of_person AND partner_id = of_partner
    OFFSET 0
) AS event

-- name: remove
-- Takes snapshots away, unless they were written anew meanwhile.
DELETE FROM ledger.snapshot USING
    unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[], %(places)s::bigint[]) AS wrong (partner_id, person, place)
WHERE snapshot.partner_id = wrong.partner_id AND snapshot.person = wrong.person AND snapshot.place = wrong.place
