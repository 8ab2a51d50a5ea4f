-- The ids under which records were only ever rejected are kept behind the intake: partners' own totals are compared with how
-- many there are. Until the project service has found them, each rejected record is looked for among the accepted ones.
-- kind: expand
-- runs: in one transaction
-- takes: no time; nobody waits. The project service then passes over the ledger, some million events a minute

-- name: time said
CREATE OR REPLACE FUNCTION ledger.time_said(record bytea, headers bytea) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(substring(encode(record, 'escape') FROM '"(?:time|timestamp)"\s*:\s*"([^"\\]{20,64})"'),
                    substring(encode(headers, 'escape') FROM 'ce_time\\304.([0-9]{4}-[^\\"]{16,48})'));

-- name: accepted
CREATE OR REPLACE FUNCTION ledger.is_accepted(partner_id smallint, event_id text) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN EXISTS (
        SELECT FROM ledger.stored_event AS held
        WHERE ledger.id_hash(held.partner_id, held.event_id) = ledger.id_hash(is_accepted.partner_id, is_accepted.event_id)
          AND NOT held.collided
          AND held.partner_id = is_accepted.partner_id
          AND held.event_id = is_accepted.event_id COLLATE "C"
    ) OR EXISTS (
        SELECT FROM ledger.stored_event AS held
        WHERE held.collided
          AND held.partner_id = is_accepted.partner_id
          AND held.event_id = is_accepted.event_id COLLATE "C"
    );

-- name: ids
CREATE TABLE IF NOT EXISTS ledger.only_rejected (
    happened    bigint,
    partner_id  smallint NOT NULL,
    event_id    text     NOT NULL COLLATE "C",
    PRIMARY KEY (partner_id, event_id)
);

-- name: lanes
CREATE TABLE IF NOT EXISTS ledger.only_rejected_lane (
    position     bigint   NOT NULL,
    next_offset  bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);
