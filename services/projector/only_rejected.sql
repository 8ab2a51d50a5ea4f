-- Under which ids records were only ever rejected (services/postgres/ledger.sql).

-- name: claim
-- One process at a time follows; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727410)

-- name: lanes
-- Of each lane that went on, the positions and the offsets of the next step, and whether more wait behind it.
SELECT partner_id, lane_id, seen, upto, since, before, upto < position OR before < next_offset
FROM (
    SELECT lane.partner_id, lane.lane_id, lane.position, lane.next_offset,
           coalesce(followed.position, 0) AS seen,
           least(lane.position, coalesce(followed.position, 0) + %(most)s) AS upto,
           coalesce(followed.next_offset, lane.first_offset) AS since,
           least(lane.next_offset, coalesce(followed.next_offset, lane.first_offset) + %(most)s) AS before
    FROM ledger.lane LEFT JOIN ledger.only_rejected_lane AS followed USING (partner_id, lane_id)
) AS lane
WHERE position > seen OR next_offset > since

-- name: rejected
-- The ids of the step's rejections that were not accepted, each with the times that its records say.
SELECT rejection.partner_id, rejection.event_id, array_agg(DISTINCT ledger.time_said(record, headers))
FROM unnest(%(partner_ids)s::smallint[], %(lane_ids)s::integer[], %(since)s::bigint[], %(before)s::bigint[])
  AS step (partner_id, lane_id, since, before)
JOIN ledger.rejection
  ON rejection.partner_id = step.partner_id AND rejection.lane_id = step.lane_id
 AND rejection.kafka_offset >= step.since AND rejection.kafka_offset < step.before
WHERE event_id IS NOT NULL
GROUP BY rejection.partner_id, rejection.event_id
HAVING NOT ledger.is_accepted(rejection.partner_id, rejection.event_id)

-- name: keep
INSERT INTO ledger.only_rejected AS held (partner_id, event_id, happened)
SELECT partner_id, event_id, happened
FROM unnest(%(partner_ids)s::smallint[], %(event_ids)s::text[], %(happened)s::bigint[]) AS found (partner_id, event_id, happened)
ON CONFLICT (partner_id, event_id) DO UPDATE SET happened = least(held.happened, excluded.happened)
WHERE held.happened IS DISTINCT FROM least(held.happened, excluded.happened)

-- name: accepted
-- The ids of the step's events are not among those that were only rejected. OFFSET 0 keeps it one look into the ledger a lane
-- and one probe of a key an event.
DELETE FROM ledger.only_rejected
WHERE ctid = ANY (ARRAY(
    SELECT held.ctid
    FROM unnest(%(lane_ids)s::integer[], %(seen)s::bigint[], %(upto)s::bigint[]) AS step (lane_id, seen, upto)
    CROSS JOIN LATERAL (
        SELECT partner_id, event_id FROM ledger.stored_event
        WHERE place >> 7 BETWEEN ledger.block(step.lane_id, step.seen + 1) AND ledger.block(step.lane_id, step.upto)
          AND place > ledger.place(step.lane_id, step.seen) AND place <= ledger.place(step.lane_id, step.upto)
          AND event_id IS NOT NULL
        OFFSET 0
    ) AS event
    CROSS JOIN LATERAL (
        SELECT ctid FROM ledger.only_rejected
        WHERE only_rejected.partner_id = event.partner_id AND only_rejected.event_id = event.event_id COLLATE "C"
        OFFSET 0
    ) AS held
))

-- name: followed
INSERT INTO ledger.only_rejected_lane (partner_id, lane_id, position, next_offset)
SELECT partner_id, lane_id, position, next_offset
FROM unnest(%(partner_ids)s::smallint[], %(lane_ids)s::integer[], %(upto)s::bigint[], %(before)s::bigint[])
  AS step (partner_id, lane_id, position, next_offset)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position, next_offset = excluded.next_offset
