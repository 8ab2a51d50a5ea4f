-- By which certificate numbers and redeem codes events are found (services/postgres/ledger.sql).

-- name: claim
-- One process at a time notes them; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727408)

-- name: lanes
-- The next %(most)s positions at most of each lane that goes on, and whether more wait.
SELECT lane.partner_id, lane.lane_id, coalesce(noted.position, 0),
       least(lane.position, coalesce(noted.position, 0) + %(most)s),
       lane.position > coalesce(noted.position, 0) + %(most)s
FROM ledger.lane LEFT JOIN ledger.code_lane AS noted USING (partner_id, lane_id)
WHERE lane.position > coalesce(noted.position, 0)

-- name: events
-- What some lanes say of certificates and redeem codes from one position to another. OFFSET 0 keeps it one look into the ledger a
-- lane: of dozens of lanes the planner would rather read all of it.
SELECT event.partner_id, ledger.place(event.lane_id, event.position), event.topic, event.state
FROM unnest(%(lane_ids)s::integer[], %(seen)s::bigint[], %(upto)s::bigint[]) AS step (lane_id, seen, upto)
CROSS JOIN LATERAL (
    SELECT partner_id, lane_id, position, topic, state FROM ledger.event
    WHERE event.block BETWEEN ledger.block(step.lane_id, step.seen) AND ledger.block(step.lane_id, step.upto)
      AND event.lane_id = step.lane_id AND event.position > step.seen AND event.position <= step.upto
    OFFSET 0
) AS event
WHERE event.topic = ANY (%(topics)s)

-- name: note
INSERT INTO ledger.code (partner_id, hash, place)
SELECT partner_id, ledger.id_hash(partner_id, code), place
FROM unnest(%(partner_ids)s::smallint[], %(codes)s::text[], %(places)s::bigint[]) AS noted (partner_id, code, place)
ON CONFLICT DO NOTHING

-- name: noted_to
INSERT INTO ledger.code_lane (partner_id, lane_id, position)
SELECT partner_id, lane_id, position
FROM unnest(%(partner_ids)s::smallint[], %(lane_ids)s::integer[], %(upto)s::bigint[])
  AS step (partner_id, lane_id, position)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position
