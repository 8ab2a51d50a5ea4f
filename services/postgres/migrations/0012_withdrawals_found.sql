-- From whom something was withdrawn is found by an index: lists as of a past day look at these people one by one.
-- kind: expand
-- runs: outside a transaction
-- takes: some seconds for each million events; writers go on meanwhile

-- name: forget_unfinished
DROP INDEX CONCURRENTLY IF EXISTS ledger.event_withdrawal;

-- name: withdrawal
CREATE INDEX CONCURRENTLY IF NOT EXISTS event_withdrawal
    ON ledger.stored_event (partner_id, happened, person) WHERE topic_id = 9 AND person <> 0;
