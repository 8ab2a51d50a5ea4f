-- Which lane writes a participant's rows (control.participant).

-- name: hold
-- Keeps other workers from committing batches of these lanes until the end of the transaction.
SELECT lane_id FROM ledger.lane WHERE lane_id = ANY(%(lane_ids)s::integer[]) ORDER BY lane_id FOR NO KEY UPDATE

-- name: elsewhere
-- Those of a batch's participants whose rows are not written by the lane that wants to, with the lane that does; null:
-- none yet. OFFSET 0 keeps it one probe of the primary key a participant.
SELECT wanted.partner_id, wanted.person, wanted.lane_id, owner.lane_id
FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[], %(lane_ids)s::integer[])
       AS wanted (partner_id, person, lane_id)
LEFT JOIN LATERAL (
    SELECT lane_id FROM control.participant
    WHERE participant.partner_id = wanted.partner_id AND participant.person = wanted.person
    OFFSET 0
) AS owner ON true
WHERE owner.lane_id IS DISTINCT FROM wanted.lane_id
ORDER BY wanted.partner_id, wanted.person

-- name: own
-- First rows of new participants. Of two workers with the same new participant the second waits here and gets fewer.
INSERT INTO control.participant (partner_id, person, lane_id)
SELECT * FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[], %(lane_ids)s::integer[])
ON CONFLICT DO NOTHING

-- name: move
-- Participants that another lane writes from now on. The caller holds both lanes.
UPDATE control.participant SET lane_id = moved.lane_id
FROM unnest(%(partner_ids)s::smallint[], %(persons)s::bigint[], %(lane_ids)s::integer[])
       AS moved (partner_id, person, lane_id)
WHERE participant.partner_id = moved.partner_id AND participant.person = moved.person
