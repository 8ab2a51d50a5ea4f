-- How many events of each kind happened on each day in Jakarta, and what was paid (services/postgres/ledger.sql).

-- name: claim
-- One process at a time counts; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727409)

-- name: lanes
-- The next %(most)s positions at most of each lane, as far as the sums over time follow it, and whether more wait: who reads
-- these counts finds the events of a day by what is followed (projections.day_place).
SELECT followed.partner_id, followed.lane_id, coalesce(counted.position, 0),
       least(followed.position, coalesce(counted.position, 0) + %(most)s),
       followed.position > coalesce(counted.position, 0) + %(most)s
FROM projections.day_lane AS followed LEFT JOIN ledger.happened_lane AS counted USING (partner_id, lane_id)
WHERE followed.position > coalesce(counted.position, 0)

-- name: step
-- Stands for {step}: the events of some lanes from one position to another, each with its day. OFFSET 0 keeps it one look into
-- the ledger a lane: of dozens of lanes the planner would rather read all of it.
unnest(%(lane_ids)s::integer[], %(seen)s::bigint[], %(upto)s::bigint[]) AS step (lane_id, seen, upto)
CROSS JOIN LATERAL (
    SELECT partner_id, happened, topic_id, state FROM ledger.stored_event
    WHERE place >> 7 BETWEEN ledger.block(step.lane_id, step.seen) AND ledger.block(step.lane_id, step.upto)
      AND place > ledger.place(step.lane_id, step.seen) AND place <= ledger.place(step.lane_id, step.upto)
      AND event_id IS NOT NULL
    OFFSET 0
) AS event
CROSS JOIN LATERAL (SELECT floor((extract(epoch FROM happened) + 25200) / 86400)::integer) AS of_day (day)

-- name: count
INSERT INTO ledger.happened_day AS held (partner_id, day, topic_id, events, amount)
SELECT partner_id, day, topic_id, count(*), 0 FROM {step}
GROUP BY partner_id, day, topic_id ORDER BY partner_id, day, topic_id
ON CONFLICT (partner_id, day, topic_id) DO UPDATE SET events = held.events + excluded.events

-- name: paid
SELECT partner_id, day, state FROM {step} WHERE topic_id = %(topic_id)s

-- name: add_amounts
UPDATE ledger.happened_day AS held SET amount = held.amount + paid.amount
FROM unnest(%(partner_ids)s::smallint[], %(days)s::integer[], %(amounts)s::bigint[]) AS paid (partner_id, day, amount)
WHERE held.partner_id = paid.partner_id AND held.day = paid.day AND held.topic_id = %(topic_id)s

-- name: counted_to
INSERT INTO ledger.happened_lane (partner_id, lane_id, position)
SELECT partner_id, lane_id, position
FROM unnest(%(partner_ids)s::smallint[], %(lane_ids)s::integer[], %(upto)s::bigint[])
  AS step (partner_id, lane_id, position)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position
