-- What a partner declared of its own events, and what is here of them (contract, `totals.declared.v1`).

-- name: declarations
-- Every declaration of a partner that was made by $2.
SELECT happened, recorded, event_id, state
FROM ledger.event WHERE stream = 'd:' AND partner_id = $1 AND happened <= $2::timestamptz

-- name: withdrawals
-- When, about whom and what: the withdrawals (topic 9, `voided`) that happened by $2, by the two indices that have them.
SELECT happened, person, state FROM ledger.stored_event
WHERE topic_id = 9 AND person <> 0 AND partner_id = $1 AND happened <= $2::timestamptz
UNION ALL
SELECT happened, person, state FROM ledger.stored_event
WHERE topic_id = 9 AND person = 0 AND partner_id = $1 AND happened <= $2::timestamptz

-- name: targets
-- Of some event ids: when they happened, about whom, and what they are.
SELECT found.event_id, found.happened, found.person, topic.name AS topic, found.state
FROM unnest($2::text[]) AS wanted (event_id)
CROSS JOIN LATERAL (
    (SELECT stored_event.event_id, happened, person, topic_id, state FROM ledger.stored_event
     WHERE NOT collided
       AND ledger.id_hash(partner_id, stored_event.event_id) = ledger.id_hash($1::smallint, wanted.event_id)
       AND partner_id = $1 AND stored_event.event_id = wanted.event_id COLLATE "C"
     OFFSET 0)
    UNION ALL
    (SELECT stored_event.event_id, happened, person, topic_id, state FROM ledger.stored_event
     WHERE collided AND partner_id = $1 AND stored_event.event_id = wanted.event_id COLLATE "C"
     OFFSET 0)
) AS found
JOIN ledger.topic USING (topic_id)
