-- What participants said of one class.

-- name: reviewers
-- The next $4 participants behind $3 who bought a class and reviewed it; $5: also those whose review may be withdrawn now.
SELECT person FROM projections.purchased_class
WHERE partner_id = $1 AND class_code = $2 AND person > $3 AND (rating IS NOT NULL OR $5::boolean) AND purchase <> 0
ORDER BY person LIMIT $4

-- name: said
-- The reviews and withdrawals of some participants at a partner. One probe of an index a participant (OFFSET 0).
SELECT event.person, event.topic, event.event_id, event.happened, event.state
FROM unnest($2::bigint[]) AS wanted (person)
CROSS JOIN LATERAL (
    SELECT person, topic.name AS topic, event_id, happened, state
    FROM ledger.stored_event JOIN ledger.topic USING (topic_id)
    WHERE stored_event.person = wanted.person AND partner_id = $1 AND topic.name = ANY ($3)
      AND happened <= $4::timestamptz
    OFFSET 0
) AS event
