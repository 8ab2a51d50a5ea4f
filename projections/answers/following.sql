-- Whose answers may differ from what was told: by events that were not looked at, and by what changed in catalogues.

-- name: claim
-- One process at a time tells, for as long as its session lives.
SELECT pg_try_advisory_lock(727405)

-- name: behind
-- Of some partners: up to which revision answers were told and in which topic (null: none yet), up to which revision
-- every row follows the catalogue, and whether a lane has events that were not looked at.
SELECT head.partner_id, told.told_in, told.revision, head.applied_revision,
       EXISTS (SELECT FROM ledger.lane LEFT JOIN control.answer_lane AS seen USING (partner_id, lane_id)
               WHERE lane.partner_id = head.partner_id AND lane.position > coalesce(seen.position, 0))
FROM control.catalogue_head AS head LEFT JOIN control.answer_head AS told USING (partner_id)
WHERE head.partner_id = ANY (%(partner_ids)s::smallint[])

-- name: begin
-- Nothing of a partner was told in this topic yet.
WITH forgotten AS (DELETE FROM control.answer_lane WHERE partner_id = %(partner_id)s)
INSERT INTO control.answer_head (partner_id, revision, told_in)
VALUES (%(partner_id)s, %(revision)s, %(told_in)s)
ON CONFLICT (partner_id) DO UPDATE SET revision = excluded.revision, told_in = excluded.told_in

-- name: steps
-- A partner's lanes with most events that were not looked at, from where, and up to where the next step goes.
SELECT lane.lane_id, coalesce(seen.position, 0),
       least(lane.position, coalesce(seen.position, 0) + %(limit)s::bigint)
FROM ledger.lane LEFT JOIN control.answer_lane AS seen USING (partner_id, lane_id)
WHERE lane.partner_id = %(partner_id)s AND lane.position > coalesce(seen.position, 0)
ORDER BY lane.position - coalesce(seen.position, 0) DESC, lane.lane_id LIMIT %(lanes)s

-- name: participants
-- Who the events of some steps are about. OFFSET 0 keeps it one look into the ledger a lane: the planner would rather read all
-- of it.
SELECT DISTINCT event.person
FROM unnest(%(lane_ids)s::integer[], %(seen)s::bigint[], %(upto)s::bigint[]) AS step (lane_id, seen, upto)
CROSS JOIN LATERAL (
    SELECT partner_id, person FROM ledger.event
    WHERE event.block BETWEEN ledger.block(step.lane_id, step.seen) AND ledger.block(step.lane_id, step.upto)
      AND event.lane_id = step.lane_id AND event.position > step.seen AND event.position <= step.upto
    OFFSET 0
) AS event
WHERE event.partner_id = %(partner_id)s AND event.person > 0

-- name: changed
-- What changed in a partner's catalogue between two revisions.
SELECT DISTINCT kind, code FROM control.catalogue_change
WHERE partner_id = %(partner_id)s AND revision > %(behind)s AND revision <= %(upto)s
ORDER BY kind, code

-- name: participants_of_class
-- A page of those who have a row of a class.
SELECT person FROM projections.purchased_class
WHERE partner_id = %(partner_id)s AND class_code = %(class_code)s AND person > %(after)s
ORDER BY person LIMIT %(limit)s

-- name: told
-- What was told of some participants.
SELECT person, answers FROM control.answered
WHERE partner_id = %(partner_id)s AND person = ANY (%(persons)s::bigint[])

-- name: note
-- Notes what was told of some participants.
INSERT INTO control.answered (partner_id, person, answers)
SELECT %(partner_id)s, person, answers
FROM unnest(%(persons)s::bigint[], %(answers)s::bytea[]) AS told (person, answers)
ON CONFLICT (partner_id, person) DO UPDATE SET answers = excluded.answers

-- name: looked_at
INSERT INTO control.answer_lane (partner_id, lane_id, position)
SELECT %(partner_id)s, lane_id, position
FROM unnest(%(lane_ids)s::integer[], %(upto)s::bigint[]) AS step (lane_id, position)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position

-- name: followed
UPDATE control.answer_head SET revision = %(revision)s WHERE partner_id = %(partner_id)s
