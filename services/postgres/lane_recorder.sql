-- name: reserve
-- The first of count new positions of a lane. The row stays locked until the transaction ends, so
-- positions become visible in order and without gaps.
UPDATE ledger.lane SET position = position + %(count)s
WHERE lane_id = %(lane_id)s
RETURNING position - %(count)s + 1

-- name: versions
-- Which of some versions of some streams the lane holds; under the lane's row lock this is final.
SELECT stream, version
FROM ledger.event
WHERE partner_id = %(partner_id)s AND stream = ANY (%(streams)s::text[])
  AND lane_id = %(lane_id)s AND version = ANY (%(versions)s::bigint[])

-- name: select_events
-- A stream's events within the lane; a null bound does not bound.
SELECT stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE partner_id = %(partner_id)s AND stream = %(stream)s AND lane_id = %(lane_id)s
  AND (%(gt)s IS NULL OR version > %(gt)s) AND (%(lte)s IS NULL OR version <= %(lte)s)
ORDER BY version
LIMIT %(limit)s

-- name: select_events_backwards
-- The same, latest first.
SELECT stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE partner_id = %(partner_id)s AND stream = %(stream)s AND lane_id = %(lane_id)s
  AND (%(gt)s IS NULL OR version > %(gt)s) AND (%(lte)s IS NULL OR version <= %(lte)s)
ORDER BY version DESC
LIMIT %(limit)s

-- name: select_notifications
-- The lane's events by position, from start up to last; empty topics mean all.
SELECT position, stream, version, topic, state, event_id, partner_id, sequence,
       (extract(epoch FROM happened) * 1000000)::bigint,
       (extract(epoch FROM recordedtime) * 1000000)::bigint
FROM ledger.event
WHERE block BETWEEN ledger.block(%(lane_id)s, %(start)s) AND ledger.block(%(lane_id)s, %(last)s)
  AND position BETWEEN %(start)s AND %(last)s
  AND (%(topics)s::text[] = '{}' OR topic = ANY (%(topics)s::text[]))
ORDER BY position
LIMIT %(limit)s

-- name: topic_numbers
-- Under which numbers topics are stored.
SELECT name, topic_id FROM ledger.topic WHERE name = ANY (%(topics)s::text[])

-- name: new_topics
-- Lets one transaction at a time give numbers to new topics.
LOCK TABLE ledger.topic IN SHARE ROW EXCLUSIVE MODE

-- name: number_topics
-- The next numbers, from 1000 on, for those of the topics that have none.
INSERT INTO ledger.topic (topic_id, name)
SELECT greatest((SELECT max(topic_id) FROM ledger.topic), 999) + row_number() OVER (), name
FROM unnest(%(topics)s::text[]) AS wanted (name)
WHERE NOT EXISTS (SELECT FROM ledger.topic WHERE topic.name = wanted.name)

-- name: max_position
-- How many events the lane has.
SELECT position FROM ledger.lane WHERE lane_id = %(lane_id)s

-- name: insert_tracking
-- Moves a tracking forward; no row when it already stands there or further.
INSERT INTO ledger.tracking (lane_id, application_name, notification_id)
VALUES (%(lane_id)s, %(application_name)s, %(notification_id)s)
ON CONFLICT (lane_id, application_name) DO UPDATE SET notification_id = EXCLUDED.notification_id
WHERE tracking.notification_id < EXCLUDED.notification_id
RETURNING notification_id

-- name: max_tracking
-- Where a tracking stands.
SELECT notification_id FROM ledger.tracking
WHERE lane_id = %(lane_id)s AND application_name = %(application_name)s
