-- Certificate numbers and redeem codes are found: which events have them is noted behind the intake.
-- kind: expand
-- runs: in one transaction
-- takes: no time; nobody waits. The project service then notes those of the events in the ledger

-- name: codes
CREATE TABLE IF NOT EXISTS ledger.code (
    hash        bigint   NOT NULL,
    place       bigint   NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, hash, place)
);

-- name: lanes
CREATE TABLE IF NOT EXISTS ledger.code_lane (
    position    bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);
