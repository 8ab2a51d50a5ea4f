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

-- What changed with each revision: a class, a package, or the package sales end (code '').
CREATE TABLE IF NOT EXISTS control.catalogue_change (
    partner_id  smallint NOT NULL,
    revision    bigint   NOT NULL,
    kind        text     NOT NULL CHECK (kind IN ('class', 'package', 'sales_end')),
    code        text     NOT NULL COLLATE "C",
    PRIMARY KEY (partner_id, revision, kind, code)
);

-- The lane that writes a participant's status rows: the lane that the participant's events arrive in. It changes hands
-- under the row locks of both lanes, so that no worker goes on with a view of rows that another one has changed.
CREATE TABLE IF NOT EXISTS control.participant (
    lane_id         integer  NOT NULL,
    partner_id      smallint NOT NULL,
    participant_id  text     NOT NULL COLLATE "C",
    PRIMARY KEY (partner_id, participant_id)
) WITH (fillfactor = 95);

-- Counts the rebuilds that were switched to. A writer that sees another number forgets what it has cached.
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
