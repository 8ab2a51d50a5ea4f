-- The ledger: what was read from Kafka, record by record, and what became of it.
-- One record ends as exactly one row in event, duplicate or rejection.

CREATE SCHEMA IF NOT EXISTS ledger;

-- A lane is one topic partition of one Kafka log. `next_offset` is the truth about how far it was read;
-- `epoch` fences earlier owners; `position` numbers the lane's events without gaps, from 1.
-- accepted + duplicate + rejected = records read; skipped counts offsets that hold no record
-- (transaction markers, compacted away): first_offset + all four = next_offset.
CREATE TABLE IF NOT EXISTS ledger.lane (
    lane_id         integer GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    log_id          text     NOT NULL,
    topic           text     NOT NULL,
    partition       integer  NOT NULL,
    partner_id      smallint NOT NULL,
    first_offset    bigint   NOT NULL DEFAULT 0,
    next_offset     bigint   NOT NULL DEFAULT 0,
    high_water      bigint   NOT NULL DEFAULT 0,
    position        bigint   NOT NULL DEFAULT 0,
    epoch           integer  NOT NULL DEFAULT 0,
    accepted        bigint   NOT NULL DEFAULT 0,
    duplicate       bigint   NOT NULL DEFAULT 0,
    rejected        bigint   NOT NULL DEFAULT 0,
    skipped         bigint   NOT NULL DEFAULT 0,
    unknown_fields  bigint   NOT NULL DEFAULT 0,
    last_read       timestamptz,
    UNIQUE (log_id, topic, partition),
    CONSTRAINT lane_adds_up
        CHECK (first_offset + accepted + duplicate + rejected + skipped = next_offset)
) WITH (fillfactor = 50);

-- Accepted events, for ever. `version` is the aggregate version of the event in its stream; the intake uses
-- the lane position, so it rises within a stream but has gaps. `event_id` and `kafka_offset` are null for
-- events that did not come from Kafka. `state` is the fact as a MessagePack array (domain/events.py).
CREATE TABLE IF NOT EXISTS ledger.event (
    position      bigint      NOT NULL,
    version       bigint      NOT NULL,
    kafka_offset  bigint,
    happened      timestamptz NOT NULL,
    recorded      timestamptz NOT NULL,
    recordedtime  timestamptz,
    lane_id       integer     NOT NULL,
    partner_id    smallint    NOT NULL,
    topic         text        NOT NULL,
    stream        text        NOT NULL COLLATE "C",
    event_id      text        COLLATE "C",
    sequence      text,
    state         bytea       NOT NULL,
    PRIMARY KEY (lane_id, position)
);
CREATE UNIQUE INDEX IF NOT EXISTS event_id_once ON ledger.event (partner_id, event_id);
-- Not unique: equal keys then share one index entry. That (stream, version) is unique within a lane
-- follows from the gapless position, and is checked under the lane's row lock for versions given by hand. The stream comes
-- first so that this index is never taken for a look-up by partner and event id: before the first ANALYZE the planner
-- holds both for equally good, and this one would then be read from end to end for each id.
CREATE INDEX IF NOT EXISTS event_stream ON ledger.event (stream, partner_id);

CREATE TABLE IF NOT EXISTS ledger.duplicate (
    lane_id       integer     NOT NULL,
    kafka_offset  bigint      NOT NULL,
    event_id      text        NOT NULL,
    recorded      timestamptz NOT NULL,
    PRIMARY KEY (lane_id, kafka_offset)
);

-- `record` holds the first 64 KiB of the record's value, `record_size` its whole size in bytes.
CREATE TABLE IF NOT EXISTS ledger.rejection (
    lane_id       integer     NOT NULL,
    kafka_offset  bigint      NOT NULL,
    partner_id    smallint    NOT NULL,
    reason        text        NOT NULL,
    detail        text        NOT NULL,
    event_id      text,
    record_key    bytea,
    record        bytea       NOT NULL,
    record_size   bigint      NOT NULL,
    recorded      timestamptz NOT NULL,
    PRIMARY KEY (lane_id, kafka_offset)
);
CREATE INDEX IF NOT EXISTS rejection_by_partner ON ledger.rejection (partner_id, recorded, lane_id, kafka_offset);

-- How far the rejections of a lane were announced on tuntas.rejections.<partner> (at least once).
CREATE TABLE IF NOT EXISTS ledger.rejection_announced (
    lane_id      integer PRIMARY KEY,
    next_offset  bigint  NOT NULL DEFAULT 0
);

-- Trackings of other applications' notifications (eventsourcing's ProcessRecorder interface).
CREATE TABLE IF NOT EXISTS ledger.tracking (
    lane_id          integer NOT NULL,
    application_name text    NOT NULL,
    notification_id  bigint  NOT NULL,
    PRIMARY KEY (lane_id, application_name)
);
