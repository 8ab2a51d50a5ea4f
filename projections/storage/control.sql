-- What the read models are built with, and how far they are. Not rebuilt.

CREATE SCHEMA IF NOT EXISTS control;

-- One row a partner: the number of the latest catalogue change, and of the latest that every row was re-judged by.
-- Writers of catalogue events take this row's lock, so that revisions are committed in their order.
CREATE TABLE IF NOT EXISTS control.catalogue_head (
    partner_id        smallint PRIMARY KEY,
    revision          bigint NOT NULL DEFAULT 0,
    applied_revision  bigint NOT NULL DEFAULT 0,
    package_sales_end timestamptz NOT NULL
) WITH (fillfactor = 50);

-- What changed with each revision, in the order in which it did: one row a publication (`state`: the fact in
-- MessagePack), a withdrawal of one (`state` null), or a change of the package sales end (code '', the rest null). A
-- catalogue is what these come to, read from the first or from any revision on (projections/catalogue.py). Publications
-- that were refused because of an earlier one with other classes stand here as well, not `accepted`.
-- `event_key` stands for the id of the publication, also in its withdrawal: 64 bits, as a signed number.
CREATE TABLE IF NOT EXISTS control.catalogue_change (
    revision    bigint   NOT NULL,
    happened    timestamptz,
    recorded    timestamptz NOT NULL DEFAULT now(),
    event_key   bigint,
    number      integer  NOT NULL,
    partner_id  smallint NOT NULL,
    accepted    boolean,
    kind        text     NOT NULL CHECK (kind IN ('class', 'package', 'sales_end')),
    code        text     NOT NULL COLLATE "C",
    state       bytea,
    PRIMARY KEY (partner_id, revision, number)
);

-- Withdrawals of events that nobody knew when they arrived: should one of them be published, it is withdrawn already.
CREATE TABLE IF NOT EXISTS control.early_withdrawal (
    target_key  bigint      NOT NULL,
    happened    timestamptz NOT NULL,
    partner_id  smallint    NOT NULL,
    PRIMARY KEY (partner_id, target_key)
);

-- The lane that writes a participant's status rows: the lane that the participant's events arrive in. It changes hands
-- under the row locks of both lanes, so that no worker goes on with a state that another one has changed.
CREATE TABLE IF NOT EXISTS control.participant (
    person      bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, person)
) WITH (fillfactor = 95);

-- Counts the rebuilds that were switched to.
CREATE TABLE IF NOT EXISTS control.generation (
    one         boolean PRIMARY KEY DEFAULT true CHECK (one),
    generation  bigint NOT NULL DEFAULT 1,
    switched    timestamptz NOT NULL DEFAULT now()
);
INSERT INTO control.generation DEFAULT VALUES ON CONFLICT DO NOTHING;

-- What processes say of themselves: `beat` is when one last said that it lives, `stopped` when it was stopped in order,
-- `trouble` what it waits for. Rows of the past are removed by those that live.
CREATE TABLE IF NOT EXISTS control.heartbeat (
    instance  text        PRIMARY KEY COLLATE "C",
    service   text        NOT NULL,
    host      text        NOT NULL,
    pid       integer     NOT NULL,
    started   timestamptz NOT NULL DEFAULT now(),
    beat      timestamptz NOT NULL DEFAULT now(),
    stopped   timestamptz,
    trouble   text
) WITH (fillfactor = 50);

-- How far answers were told on tuntas.answers.<partner> (services/projector/answering.py): of each partner up to which
-- revision of its catalogue, and of each lane up to which position. `told_in` says in which topic, and in which shape of
-- the messages: in another one everything is told from the beginning.
CREATE TABLE IF NOT EXISTS control.answer_head (
    revision    bigint   NOT NULL,
    partner_id  smallint PRIMARY KEY,
    told_in     text     NOT NULL
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS control.answer_lane (
    position    bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- What was told of each participant's classes, so that only changes are: MessagePack (projections/answers/told.py), a
-- number and a digest for each class code.
CREATE TABLE IF NOT EXISTS control.answered (
    person      bigint   NOT NULL,
    partner_id  smallint NOT NULL,
    answers     bytea    NOT NULL,
    PRIMARY KEY (partner_id, person)
) WITH (fillfactor = 80);
