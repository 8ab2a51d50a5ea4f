-- Events by their certificate numbers and redeem codes (services/postgres/ledger.sql, code).

-- name: found
-- At most $3 events of some partners under a code in small letters; others may share its hash.
SELECT event.partner_id, event.person, topic.name AS topic, event.state
FROM unnest($1::smallint[]) AS wanted (partner_id)
CROSS JOIN LATERAL (
    SELECT place FROM ledger.code
    WHERE code.partner_id = wanted.partner_id AND hash = ledger.id_hash(wanted.partner_id, $2)
    ORDER BY place DESC LIMIT $3
) AS held
CROSS JOIN LATERAL (
    SELECT partner_id, person, topic_id, state FROM ledger.stored_event
    WHERE stored_event.place >> 7 = held.place >> 7 AND stored_event.place = held.place
    OFFSET 0
) AS event
JOIN ledger.topic USING (topic_id)
ORDER BY held.place DESC LIMIT $3

-- name: named
-- Which of some ids ($2) some partners know: as purchases, and as events that were accepted or rejected. LIMIT 1 keeps
-- the first one probe of an index an id: of EXISTS a join is made, for which every purchase is read and sorted.
SELECT 'purchase' AS kind, wanted.partner_id, wanted.id
FROM (SELECT * FROM unnest($1::smallint[]) AS seen (partner_id), unnest($2::text[]) AS named (id)) AS wanted
CROSS JOIN LATERAL (
    SELECT FROM projections.purchase
    WHERE purchase.partner_id = wanted.partner_id AND purchase_id = wanted.id COLLATE "C"
    LIMIT 1
) AS known
UNION ALL
SELECT 'event', wanted.partner_id, wanted.id
FROM (SELECT * FROM unnest($1::smallint[]) AS seen (partner_id), unnest($2::text[]) AS named (id)) AS wanted
WHERE EXISTS (
    SELECT FROM ledger.stored_event
    WHERE NOT collided
      AND ledger.id_hash(stored_event.partner_id, stored_event.event_id) = ledger.id_hash(wanted.partner_id, wanted.id)
      AND stored_event.partner_id = wanted.partner_id AND stored_event.event_id = wanted.id COLLATE "C"
) OR EXISTS (
    SELECT FROM ledger.stored_event
    WHERE collided AND stored_event.partner_id = wanted.partner_id AND stored_event.event_id = wanted.id COLLATE "C"
) OR EXISTS (
    SELECT FROM ledger.rejection
    WHERE rejection.partner_id = wanted.partner_id AND rejection.event_id = wanted.id
)
