-- Participants as aggregates: their snapshots, and the events behind these.

-- name: load
-- What makes the states of some participants of one partner: of each its snapshot (events, state), and each event that is
-- not in it (topic, happened, event_id, state). Both are in the ledger: no read model is asked. One probe of an index a
-- participant and table; OFFSET 0 keeps the planner from making joins of them.
SELECT wanted.participant_id, snapshot.events, NULL, NULL::bigint, NULL, snapshot.state
FROM unnest(%(participant_ids)s::text[]) AS wanted (participant_id)
CROSS JOIN LATERAL (
    SELECT events, state FROM ledger.snapshot
    WHERE participant_id = wanted.participant_id COLLATE "C" AND partner_id = %(partner_id)s
    OFFSET 0
) AS snapshot
UNION ALL
SELECT wanted.participant_id, NULL, (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id),
       (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state
FROM unnest(%(participant_ids)s::text[]) AS wanted (participant_id)
LEFT JOIN LATERAL (
    SELECT place FROM ledger.snapshot
    WHERE participant_id = wanted.participant_id COLLATE "C" AND partner_id = %(partner_id)s
    OFFSET 0
) AS snapshot ON true
CROSS JOIN LATERAL (
    SELECT topic_id, happened, event_id, state FROM ledger.stored_event
    WHERE stream = ('p:' || wanted.participant_id) COLLATE "C" AND partner_id = %(partner_id)s
      AND (snapshot.place IS NULL OR place > snapshot.place OR place >> 40 <> snapshot.place >> 40)
    OFFSET 0
) AS event

-- name: put_snapshots
INSERT INTO ledger.snapshot (partner_id, participant_id, place, events, state)
VALUES %s
ON CONFLICT (partner_id, participant_id) DO UPDATE
SET place = excluded.place, events = excluded.events, state = excluded.state
