-- One share of a rebuild.

-- name: take_snapshot
-- From here on the transaction sees what the session that exported the snapshot sees.
SET TRANSACTION SNAPSHOT %(snapshot)s

-- name: sort_in_memory
-- Sorting a share is maintenance: it may take what an index would be given.
SELECT set_config('work_mem', current_setting('maintenance_work_mem'), true)

-- name: commit_later
-- What is written beside the live tables counts only once the switch is committed, which waits until all before it is
-- on disk.
SET LOCAL synchronous_commit = off

-- name: topics
SELECT topic_id, name FROM ledger.topic

-- name: events
-- Everything about the participants of a share, participant by participant, as projections/rebuild/shares.py reads it.
-- Numbers of participants are random, so they deal out evenly. The table under the view ledger.event is read: names of
-- topics would have to be joined and taken apart again for each row.
COPY (
    SELECT happened, octet_length(event_id), coalesce(octet_length(sequence), -1), topic_id, person,
           event_id, sequence, state, person, partner_id
    FROM ledger.stored_event
    WHERE person > 0 AND (%(of)s = 1 OR person %% %(of)s = %(number)s)
    ORDER BY person
) TO STDOUT (FORMAT binary)
