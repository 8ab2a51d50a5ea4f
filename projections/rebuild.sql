-- Rebuilding the read models from the ledger, beside the live ones.

-- name: claim_partner
-- Projectors hold this per partner while they judge again; a rebuild holds all of them.
SELECT pg_advisory_lock(%(key)s, %(partner_id)s)

-- name: release_all
SELECT pg_advisory_unlock_all()

-- name: positions
-- How far each lane was when the snapshot was taken.
SELECT lane_id, position FROM ledger.lane ORDER BY lane_id

-- name: count_events
SELECT count(*) FROM ledger.event

-- name: revisions
SELECT partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.catalogue_head ORDER BY partner_id

-- name: catalogue_events
-- What one partner published.
SELECT topic, (extract(epoch FROM happened) * 1000000)::bigint, event_id, state
FROM ledger.event
WHERE partner_id = %(partner_id)s AND (stream >= 'c:' AND stream < 'c;' OR stream >= 'k:' AND stream < 'k;')

-- name: participant_events
-- Everything about the participants of one partner, participant by participant.
SELECT stream, topic, (extract(epoch FROM happened) * 1000000)::bigint, event_id, state
FROM ledger.event
WHERE partner_id = %(partner_id)s AND stream >= 'p:' AND stream < 'p;'
ORDER BY stream

-- name: some_participant_events
-- Everything about some participants of one partner.
SELECT stream, topic, (extract(epoch FROM happened) * 1000000)::bigint, event_id, state
FROM ledger.event
WHERE partner_id = %(partner_id)s AND stream = ANY(%(streams)s)
ORDER BY stream

-- name: changed_streams
-- Streams with events behind the positions that were read.
SELECT DISTINCT event.partner_id, event.stream
FROM ledger.event JOIN unnest(%(lane_ids)s::integer[], %(positions)s::bigint[]) AS seen (lane_id, position)
  ON event.lane_id = seen.lane_id AND event.position > seen.position
UNION
SELECT DISTINCT event.partner_id, event.stream
FROM ledger.event WHERE NOT event.lane_id = ANY(%(lane_ids)s::integer[])
ORDER BY 1, 2

-- name: lock_heads
SELECT partner_id FROM control.catalogue_head ORDER BY partner_id FOR UPDATE

-- name: lock_lanes
-- From here until the end of the transaction no writer commits a batch, not of a lane that is opened just now either.
LOCK TABLE ledger.lane IN EXCLUSIVE MODE

-- name: judged_with
-- Rows of the rebuild were judged with these revisions; what came later is applied by the projectors.
UPDATE control.catalogue_head SET applied_revision = least(%(revision)s, revision) WHERE partner_id = %(partner_id)s

-- name: next_generation
UPDATE control.generation SET generation = generation + 1, switched = clock_timestamp() RETURNING generation

-- name: remove_classes
-- Takes some participants out again; answers what was counted of them.
DELETE FROM projections.purchased_class
WHERE partner_id = %(partner_id)s AND participant_id = ANY(%(participant_ids)s)
RETURNING class_code, package_codes, (extract(epoch FROM purchased_at) * 1000000)::bigint, purchase, completion,
          assessment, satisfied, flags, best_scaled, pre_test_scaled, rating, drop_off, taken_seconds

-- name: remove_purchases
DELETE FROM projections.purchase
WHERE partner_id = %(partner_id)s AND participant_id = ANY(%(participant_ids)s)
RETURNING package_code, complete, unresolved, after_sales_end
