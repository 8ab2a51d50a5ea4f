-- name: reserve
-- The first of count new positions of a lane. The row stays locked until the transaction ends, so
-- positions become visible in order and without gaps.
UPDATE ledger.lane SET position = position + %(count)s
WHERE lane_id = %(lane_id)s
RETURNING position - %(count)s + 1

-- name: versions
-- Which of some versions of some participants (0: none) and streams the lane holds; under the lane's row lock this is final.
SELECT person, stream, version
FROM unnest(%(persons)s::bigint[], %(streams)s::text[]) AS wanted (of_person, of_stream)
CROSS JOIN LATERAL (
    SELECT person, stream, version FROM ledger.event
    WHERE of_person > 0 AND person = of_person AND partner_id = %(partner_id)s
      AND lane_id = %(lane_id)s AND version = ANY (%(versions)s::bigint[])
    UNION ALL
    SELECT person, stream, version FROM ledger.event
    WHERE of_person = 0 AND stream = of_stream COLLATE "C" AND stream <> '' AND partner_id = %(partner_id)s
      AND lane_id = %(lane_id)s AND version = ANY (%(versions)s::bigint[])
) AS held

-- name: select_events
-- The events of a participant or another stream within the lane; a null bound does not bound.
SELECT person, stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE partner_id = %(partner_id)s AND person = %(person)s AND stream = %(stream)s AND lane_id = %(lane_id)s
  AND (%(gt)s::bigint IS NULL OR version > %(gt)s) AND (%(lte)s::bigint IS NULL OR version <= %(lte)s)
ORDER BY version
LIMIT %(limit)s

-- name: select_events_backwards
-- The same, latest first.
SELECT person, stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE partner_id = %(partner_id)s AND person = %(person)s AND stream = %(stream)s AND lane_id = %(lane_id)s
  AND (%(gt)s::bigint IS NULL OR version > %(gt)s) AND (%(lte)s::bigint IS NULL OR version <= %(lte)s)
ORDER BY version DESC
LIMIT %(limit)s

-- name: select_notifications
-- The lane's events by position, from start up to last; empty topics mean all.
SELECT position, person, stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE block BETWEEN ledger.block(%(lane_id)s, %(start)s) AND ledger.block(%(lane_id)s, %(last)s)
  AND position BETWEEN %(start)s AND %(last)s
  AND (%(topics)s::text[] = '{}' OR topic = ANY (%(topics)s::text[]))
ORDER BY position
LIMIT %(limit)s

-- name: max_position
-- How many events the lane has.
SELECT position FROM ledger.lane WHERE lane_id = %(lane_id)s

-- name: insert_tracking
-- Moves a tracking forward; no row when it already stands there or further.
INSERT INTO ledger.tracking (partner_id, lane_id, application_name, notification_id)
VALUES (%(partner_id)s, %(lane_id)s, %(application_name)s, %(notification_id)s)
ON CONFLICT (partner_id, lane_id, application_name) DO UPDATE SET notification_id = EXCLUDED.notification_id
WHERE tracking.notification_id < EXCLUDED.notification_id
RETURNING notification_id

-- name: max_tracking
-- Where a tracking stands.
SELECT notification_id FROM ledger.tracking
WHERE partner_id = %(partner_id)s AND lane_id = %(lane_id)s AND application_name = %(application_name)s

-- name: forget_snapshots
-- The snapshots of some participants, which lack what was just appended.
DELETE FROM ledger.snapshot WHERE partner_id = %(partner_id)s AND person = ANY (%(persons)s::bigint[])
