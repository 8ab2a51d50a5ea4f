-- How many events of each kind happened on each day, and what was paid, is counted behind the intake: partners' own totals are
-- compared with that. Until the project service has counted, all events are.
-- kind: expand
-- runs: in one transaction
-- takes: no time; nobody waits. The project service then counts what is in the ledger, a few million events a minute

-- name: days
CREATE TABLE IF NOT EXISTS ledger.happened_day (
    events      bigint   NOT NULL,
    amount      bigint   NOT NULL,
    day         integer  NOT NULL,
    partner_id  smallint NOT NULL,
    topic_id    smallint NOT NULL,
    PRIMARY KEY (partner_id, day, topic_id)
) WITH (fillfactor = 50);

-- name: lanes
CREATE TABLE IF NOT EXISTS ledger.happened_lane (
    position    bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);
