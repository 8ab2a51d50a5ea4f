-- What senders may want to look at although it was accepted is noted, by lane and kind, with the last of each.
-- kind: expand
-- runs: in one transaction
-- takes: no time; nobody waits

-- name: make
CREATE TABLE IF NOT EXISTS ledger.hint (
    records       bigint      NOT NULL,
    kafka_offset  bigint      NOT NULL,
    recorded      timestamptz NOT NULL,
    lane_id       integer     NOT NULL,
    partner_id    smallint    NOT NULL,
    kind          text        NOT NULL,
    detail        text        NOT NULL,
    PRIMARY KEY (partner_id, lane_id, kind)
) WITH (fillfactor = 50);
