-- Evidence, from the rows that keep it and from the ledger.

-- name: classes_of_people
-- Every class row of some participants of one partner.
SELECT participant_id, class_code, evidence
FROM projections.purchased_class
WHERE participant_id = ANY ($2::text[]) AND partner_id = $1

-- name: events_of_participant
-- Everything that was reported of one participant of one partner.
SELECT topic, happened, event_id, state
FROM ledger.event
WHERE partner_id = $1 AND stream = $2
