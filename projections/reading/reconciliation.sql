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

-- name: rejected_only
-- The ids under which records were only ever rejected, and when they say that it happened, as far as that can be read:
-- `time` of an event in structured mode, `ce_time` in binary mode, `timestamp` of a statement. Bytes are looked at as
-- escaped text, so that none of them is an error.
SELECT event_id,
       min(coalesce(substring(encode(record, 'escape') FROM '"(?:time|timestamp)"\s*:\s*"([^"\\]{20,64})"'),
                    substring(encode(headers, 'escape') FROM 'ce_time\\304.([0-9]{4}-[^\\"]{16,48})'))) AS happened
FROM ledger.rejection
WHERE partner_id = $1 AND event_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM ledger.stored_event AS held
      WHERE NOT held.collided
        AND ledger.id_hash(held.partner_id, held.event_id) = ledger.id_hash(rejection.partner_id, rejection.event_id)
        AND held.partner_id = rejection.partner_id AND held.event_id = rejection.event_id COLLATE "C")
  AND NOT EXISTS (
      SELECT FROM ledger.stored_event AS held
      WHERE held.collided AND held.partner_id = rejection.partner_id
        AND held.event_id = rejection.event_id COLLATE "C")
GROUP BY event_id
