-- How many records were read on each day, and what became of them, is counted behind the intake.
-- kind: expand
-- runs: in one transaction
-- takes: no time; nobody waits. The project service then counts what is in the ledger, a few million records a minute

-- name: days
CREATE TABLE IF NOT EXISTS ledger.delivery_day (
    accepted    bigint   NOT NULL,
    duplicate   bigint   NOT NULL,
    rejected    bigint   NOT NULL,
    day         date     NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, day)
) WITH (fillfactor = 50);

-- name: lanes
CREATE TABLE IF NOT EXISTS ledger.delivery_lane (
    next_offset  bigint   NOT NULL,
    position     bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);
