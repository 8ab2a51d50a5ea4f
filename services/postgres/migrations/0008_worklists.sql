-- Worklists are read through indices of what the project service follows: the partner's latest word on each purchased
-- class, and since when it is completed. It follows the ledger once more from its beginning; rows answer until it has.
-- kind: expand
-- runs: in one transaction
-- takes: milliseconds; nobody waits

-- name: watched_class
CREATE TABLE IF NOT EXISTS projections.watched_class (
    last_reported timestamptz NOT NULL,
    since         timestamptz,
    person        bigint   NOT NULL,
    partner_id    smallint NOT NULL,
    state         smallint NOT NULL,
    is_open       boolean  NOT NULL,
    class_code    text     NOT NULL COLLATE "C",
    PRIMARY KEY (person, partner_id, class_code)
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS watched_by_word
    ON projections.watched_class (partner_id, last_reported, class_code, person);
CREATE INDEX IF NOT EXISTS open_by_word
    ON projections.watched_class (partner_id, last_reported, class_code, person) WHERE is_open;
CREATE INDEX IF NOT EXISTS odd_class
    ON projections.watched_class (partner_id, state, class_code, person) WHERE state IN (12, 13, 22);
CREATE INDEX IF NOT EXISTS watched_since
    ON projections.watched_class (since, person) WHERE since IS NOT NULL;

-- name: follow_from_the_beginning
DELETE FROM projections.day_block;
DELETE FROM projections.midnight;
DELETE FROM projections.day_place;
DELETE FROM projections.day_lane;
DELETE FROM projections.day_partner;
