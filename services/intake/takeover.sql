-- Becoming the owner of lanes.

-- name: patience
-- How long to wait for rows of lanes that another worker's transaction holds.
SET LOCAL lock_timeout = %(milliseconds)s

-- name: end_frozen
-- Ends transactions that have moved lanes on and have then waited for their owner for some seconds: between two
-- statements, or in the midst of a COPY, in which no timeout of PostgreSQL's applies. A worker at work takes
-- milliseconds for either; what was ended was not committed, and is read again by whoever owns the lanes.
WITH frozen AS MATERIALIZED (
    SELECT pid
    FROM pg_stat_activity AS activity
    WHERE datname = current_database() AND usename = current_user AND pid <> pg_backend_pid()
      AND state IN ('active', 'idle in transaction') AND wait_event = 'ClientRead'
      AND greatest(query_start, state_change) < clock_timestamp() - %(seconds)s * interval '1 second'
      AND EXISTS (SELECT FROM pg_locks
                  WHERE pg_locks.pid = activity.pid AND relation = 'ledger.lane'::regclass
                    AND mode = 'RowExclusiveLock')
)
SELECT pid FROM frozen WHERE pg_terminate_backend(pid)

-- name: compare_topics
-- Notes which topic each lane is of where that is not known yet. Answers the lanes whose topic is another one.
WITH compared AS (
    UPDATE ledger.lane
    SET topic_uuid = coalesce(lane.topic_uuid, given.topic_uuid)
    FROM unnest(%(lane_ids)s::integer[], %(topic_uuids)s::text[]) AS given (lane_id, topic_uuid)
    WHERE lane.lane_id = given.lane_id
    RETURNING lane.lane_id, lane.topic_uuid <> given.topic_uuid AS is_other
)
SELECT lane_id FROM compared WHERE is_other

-- name: note_trouble
UPDATE ledger.lane SET trouble = %(trouble)s
WHERE log_id = %(log_id)s AND topic = %(topic)s AND partition = %(partition)s
