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
-- Everything about the participants of a share, participant by participant, as projections/shares.py reads it. Only the
-- hash is sorted by: texts that all begin alike would take several times as long to compare. The table under the view
-- ledger.event is read: names of topics would have to be joined and taken apart again for each row.
COPY (
    SELECT happened, octet_length(event_id), coalesce(octet_length(sequence), -1), topic_id, hashed,
           event_id, sequence, state, stream, partner_id
    FROM (SELECT *, hashtextextended(stream, partner_id) AS hashed
          FROM ledger.stored_event WHERE stream >= 'p:' AND stream < 'p;') AS of_participants
    WHERE %(of)s = 1 OR (hashed & 9223372036854775807) %% %(of)s = %(number)s
    ORDER BY hashed
) TO STDOUT (FORMAT binary)
