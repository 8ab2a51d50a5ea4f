-- Participants as aggregates: their snapshots, and the events behind these. As projections/aggregates.sql, for who reads.

-- name: snapshots
-- Some participants of one partner, each with its snapshot where there is one. OFFSET 0 keeps it one probe of an index a
-- participant.
SELECT wanted, place, coalesce(whole, false), state
FROM unnest($2::bigint[]) AS wanted (wanted)
LEFT JOIN LATERAL (
    SELECT place, whole, state FROM ledger.snapshot
    WHERE partner_id = $1 AND person = wanted
    OFFSET 0
) AS snapshot ON true

-- name: snapshots_behind
-- The next $3 participants of one partner behind $2, in order of their numbers, each with its snapshot where there is one.
SELECT person, place, coalesce(whole, false), state
FROM (
    SELECT person FROM control.participant
    WHERE partner_id = $1 AND person > $2
    ORDER BY person
    LIMIT $3
) AS wanted
LEFT JOIN LATERAL (
    SELECT place, whole, state FROM ledger.snapshot
    WHERE partner_id = $1 AND snapshot.person = wanted.person
    OFFSET 0
) AS snapshot ON true
ORDER BY person

-- name: events_behind
-- Events of one participant of one partner without those of a lane up to a place: what is in its snapshot ($3; null:
-- there is none). Those that other lanes brought may be in the snapshot nevertheless.
SELECT (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id), happened, event_id, state
FROM ledger.stored_event AS event
WHERE person = $2 AND partner_id = $1
  AND ($3::bigint IS NULL OR place > $3 OR place >> 40 <> $3 >> 40)
