-- Evaluations over time are read from sums: what each day changed in what is counted, how far that follows the ledger, and
-- where in the ledger a day's events are. The project service fills them; rows answer until it has.
-- kind: expand
-- runs: in one transaction
-- takes: milliseconds; nobody waits

-- name: sums_over_time
CREATE TABLE IF NOT EXISTS projections.day_block (
    kind         smallint NOT NULL,
    partner_id   smallint NOT NULL,
    block        integer  NOT NULL,
    package_code text     NOT NULL COLLATE "C",
    code         text     NOT NULL COLLATE "C",
    before       bytea,
    days         bytea,
    PRIMARY KEY (kind, partner_id, package_code, code, block)
) WITH (fillfactor = 85);
CREATE TABLE IF NOT EXISTS projections.midnight (
    day          integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, day)
);
CREATE TABLE IF NOT EXISTS projections.day_place (
    day          integer  NOT NULL,
    partner_id   smallint NOT NULL,
    blocks       bigint[] NOT NULL,
    PRIMARY KEY (partner_id, day)
);
CREATE TABLE IF NOT EXISTS projections.day_lane (
    position     bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS projections.day_partner (
    revision          bigint   NOT NULL,
    package_sales_end bigint   NOT NULL,
    partner_id        smallint PRIMARY KEY
) WITH (fillfactor = 50);
