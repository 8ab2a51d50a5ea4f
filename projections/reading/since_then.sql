-- What changed at some partners ($1) since a time in another way than by more evidence.

-- name: judged_by
-- By partner the revision of the catalogue by which its rows are judged.
SELECT partner_id, applied_revision FROM control.catalogue_head WHERE partner_id = ANY ($1::smallint[])

-- name: withdrew
-- The participants from whom something was withdrawn behind $2: topic 9 is `voided` (ledger.topic).
SELECT DISTINCT partner_id, person FROM ledger.stored_event
WHERE topic_id = 9 AND person <> 0 AND partner_id = ANY ($1::smallint[]) AND happened > $2
