-- What changed at a partner since a time in another way than by more evidence.

-- name: judged_by
-- The revision of the catalogue of partner $1 by which its rows are judged.
SELECT applied_revision FROM control.catalogue_head WHERE partner_id = $1

-- name: withdrew
-- The participants of partner $1 from whom something was withdrawn behind $2: topic 9 is `voided` (ledger.topic).
SELECT DISTINCT person FROM ledger.stored_event
WHERE topic_id = 9 AND person <> 0 AND partner_id = $1 AND happened > $2
