-- The ledger: what was read from Kafka, record by record, and what became of it.
-- One record ends as exactly one row in stored_event, duplicate or rejection.
-- Every table that grows has partner_id, and it is in front of its keys: a partner moves to another server by
-- `WHERE partner_id = …` (docs/scaling.md).

CREATE SCHEMA IF NOT EXISTS ledger;

-- Which of several servers this is, each with other partners (docs/scaling.md); one row. It is set by
-- services/postgres/server_number.py before the first lane is opened, and stays.
CREATE TABLE IF NOT EXISTS ledger.server (
    number    smallint NOT NULL CHECK (number BETWEEN 0 AND 127),
    only_row  boolean  PRIMARY KEY DEFAULT true CHECK (only_row)
);

-- The number of a new lane. No other server gives it to a lane, so a partner keeps the numbers of its lanes when it
-- moves: 65,535 lanes a server, 128 servers, 23 bits in all.
CREATE SEQUENCE IF NOT EXISTS ledger.lane_number AS integer MAXVALUE 65535;
CREATE OR REPLACE FUNCTION ledger.next_lane_id() RETURNS integer
    LANGUAGE sql VOLATILE
    RETURN coalesce((SELECT number FROM ledger.server), 0)::integer * 65536 + nextval('ledger.lane_number')::integer;

-- A lane is one topic partition of one Kafka log. `next_offset` is the truth about how far it was read;
-- `epoch` fences earlier owners; `position` numbers the lane's events without gaps, from 1.
-- accepted + duplicate + rejected = records read; skipped counts offsets that hold no record
-- (transaction markers, compacted away): first_offset + all four = next_offset. `topic_uuid` is Kafka's id of the topic,
-- which one that is made under the name later does not have; `trouble` is why the lane is not read on, and what to do.
CREATE TABLE IF NOT EXISTS ledger.lane (
    lane_id         integer  NOT NULL DEFAULT ledger.next_lane_id() UNIQUE CHECK (lane_id < 1 << 23),
    log_id          text     NOT NULL,
    topic           text     NOT NULL,
    partition       integer  NOT NULL,
    partner_id      smallint NOT NULL,
    first_offset    bigint   NOT NULL DEFAULT 0,
    next_offset     bigint   NOT NULL DEFAULT 0,
    high_water      bigint   NOT NULL DEFAULT 0,
    position        bigint   NOT NULL DEFAULT 0 CHECK (position < 1::bigint << 40),
    epoch           integer  NOT NULL DEFAULT 0,
    accepted        bigint   NOT NULL DEFAULT 0,
    duplicate       bigint   NOT NULL DEFAULT 0,
    rejected        bigint   NOT NULL DEFAULT 0,
    skipped         bigint   NOT NULL DEFAULT 0,
    unknown_fields  bigint   NOT NULL DEFAULT 0,
    last_read       timestamptz,
    topic_uuid      text,
    trouble         text,
    PRIMARY KEY (partner_id, lane_id),
    UNIQUE (log_id, topic, partition),
    CONSTRAINT lane_adds_up
        CHECK (first_offset + accepted + duplicate + rejected + skipped = next_offset)
) WITH (fillfactor = 50);

-- The names of facts, and of whatever else is recorded through a recorder, as numbers. They stand in every event: a
-- number is never given to another name. Those of facts are said in domain/events.py, and written by `topics` of
-- services/postgres/ledger.py; numbers from 1000 on follow from the names (services/postgres/lane_recorder.py), so they
-- are the same on every server.
CREATE TABLE IF NOT EXISTS ledger.topic (
    topic_id  smallint PRIMARY KEY,
    name      text NOT NULL UNIQUE
);

-- Where an event stands, as one number: its lane in front, its position in the lane in the last 40 bits.
CREATE OR REPLACE FUNCTION ledger.place(lane_id integer, "position" bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN lane_id::bigint << 40 | "position";

-- Which 128 positions of its lane an event stands among. The events of a lane are found by it: an index by block keeps
-- one key for 128 events, a unique one would keep one for each. A lane's blocks rise with its positions.
CREATE OR REPLACE FUNCTION ledger.block(lane_id integer, "position" bigint) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN ledger.place(lane_id, "position") >> 7;

-- 64 bits that stand for an event id of a partner. Other text may share them: see `collided`.
CREATE OR REPLACE FUNCTION ledger.id_hash(partner_id smallint, event_id text) RETURNS bigint
    LANGUAGE sql IMMUTABLE PARALLEL SAFE RETURN hashtextextended(event_id COLLATE "C", partner_id::bigint);

-- Accepted events, for ever, as they are on disk: ledger.event says the same in more columns. Where a column is null a
-- row takes 8 bytes more, so what few events have is not null in the others (docs/decisions/the-ledger-on-disk.md).
-- `number` is the Kafka offset; of an event that did not come from Kafka it is the bitwise complement of its version,
-- and so below 0. `delay` is the time from happened to recordedtime: microseconds as digits, '' without recordedtime.
-- `person` is the participant that the event is about (vault.person), 0: none; `stream` is what else it is about, '' for a
-- participant. `event_id` is null for events of no partner; `collided` says that its hash is another id's. `state` is the
-- fact as a MessagePack array (domain/events.py).
CREATE TABLE IF NOT EXISTS ledger.stored_event (
    place       bigint      NOT NULL,
    number      bigint      NOT NULL,
    person      bigint      NOT NULL,
    happened    timestamptz NOT NULL,
    recorded    timestamptz NOT NULL,
    partner_id  smallint    NOT NULL,
    topic_id    smallint    NOT NULL,
    collided    boolean     NOT NULL,
    stream      text        NOT NULL COLLATE "C",
    event_id    text        COLLATE "C",
    delay       text        NOT NULL,
    sequence    text,
    state       bytea       NOT NULL
);
-- That a partner's event id is accepted once. An id is in the second index if another id of its hash is in the first,
-- and in the first otherwise; as nothing is ever removed from the ledger, it can be in one of them only.
CREATE UNIQUE INDEX IF NOT EXISTS event_id_once
    ON ledger.stored_event (ledger.id_hash(partner_id, event_id)) WHERE NOT collided;
CREATE UNIQUE INDEX IF NOT EXISTS collided_event_id_once
    ON ledger.stored_event (partner_id, event_id) WHERE collided;
-- Neither of the next two is unique: equal keys then share one index entry. That a lane's position is taken once
-- follows from the lock on the lane's row, under which positions are given away; that (stream, version) is unique
-- within a lane follows from that, and is checked under the same lock for versions given by hand.
CREATE INDEX IF NOT EXISTS event_block ON ledger.stored_event ((place >> 7));
-- Person and stream come first so that these indices are never taken for a look-up by partner and event id: before the
-- first ANALYZE the planner holds both for equally good, and these would then be read from end to end for each id.
CREATE INDEX IF NOT EXISTS event_person ON ledger.stored_event (person, partner_id);
CREATE INDEX IF NOT EXISTS event_stream ON ledger.stored_event (stream, partner_id) WHERE stream <> '';
-- Withdrawals (topic 9) of what participants did: lists as of a time look at whom they are of (projections/reading/since_then.py).
CREATE INDEX IF NOT EXISTS event_withdrawal
    ON ledger.stored_event (partner_id, happened, person) WHERE topic_id = 9 AND person <> 0;

-- Accepted events. `version` is the aggregate version of the event in its stream; the intake uses the lane position, so
-- it rises within a stream but has gaps. `kafka_offset` is null for events that did not come from Kafka. Who reads
-- a lane from one position to another says so of `block` first (ledger.block): that is what there is an index of.
CREATE OR REPLACE VIEW ledger.event AS
SELECT (place >> 40)::integer AS lane_id,
       place & (1::bigint << 40) - 1 AS position,
       place >> 7 AS block,
       CASE WHEN number < 0 THEN ~number ELSE place & (1::bigint << 40) - 1 END AS version,
       CASE WHEN number >= 0 THEN number END AS kafka_offset,
       happened,
       recorded,
       -- In two parts: a bigint times an interval goes through a double, which is not exact beyond 285 years.
       CASE WHEN delay <> '' THEN happened + delay::bigint / 1000000 * interval '1 second'
                                           + delay::bigint % 1000000 * interval '1 microsecond'
       END AS recordedtime,
       partner_id,
       topic.name AS topic,
       person,
       stream,
       event_id,
       sequence,
       state
FROM ledger.stored_event LEFT JOIN ledger.topic USING (topic_id);

-- Repeats of accepted events, for ever.
CREATE TABLE IF NOT EXISTS ledger.duplicate (
    kafka_offset  bigint      NOT NULL,
    recorded      timestamptz NOT NULL,
    lane_id       integer     NOT NULL,
    partner_id    smallint    NOT NULL,
    event_id      text        NOT NULL,
    PRIMARY KEY (partner_id, lane_id, kafka_offset)
);
CREATE INDEX IF NOT EXISTS duplicate_of_event ON ledger.duplicate (partner_id, event_id);

-- `record` holds the first 64 KiB of the record's value, `record_size` its whole size in bytes. `headers` is a
-- MessagePack array of [name, value], null where there are none; `sent` is Kafka's own timestamp of the record.
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
    headers       bytea,
    sent          timestamptz,
    PRIMARY KEY (partner_id, lane_id, kafka_offset)
);
CREATE INDEX IF NOT EXISTS rejection_of_event ON ledger.rejection (partner_id, event_id) WHERE event_id IS NOT NULL;
CREATE INDEX IF NOT EXISTS rejection_by_partner ON ledger.rejection (partner_id, recorded, lane_id, kafka_offset);

-- Whether an event id was accepted after a record under it had been rejected.
CREATE OR REPLACE FUNCTION ledger.accepted_after(
    partner_id smallint, event_id text, recorded timestamptz, lane_id integer, kafka_offset bigint
) RETURNS boolean
    LANGUAGE sql STABLE PARALLEL SAFE
    RETURN event_id IS NOT NULL AND EXISTS (
        SELECT FROM ledger.stored_event AS held
        WHERE ledger.id_hash(held.partner_id, held.event_id)
              = ledger.id_hash(accepted_after.partner_id, accepted_after.event_id)
          AND NOT held.collided
          AND held.partner_id = accepted_after.partner_id
          AND held.event_id = accepted_after.event_id COLLATE "C"
          AND (held.recorded > accepted_after.recorded
               OR (held.place >> 40 = accepted_after.lane_id AND held.number > accepted_after.kafka_offset))
    ) OR event_id IS NOT NULL AND EXISTS (
        SELECT FROM ledger.stored_event AS held
        WHERE held.collided
          AND held.partner_id = accepted_after.partner_id
          AND held.event_id = accepted_after.event_id COLLATE "C"
          AND (held.recorded > accepted_after.recorded
               OR (held.place >> 40 = accepted_after.lane_id AND held.number > accepted_after.kafka_offset))
    );

-- How far the rejections of a lane were announced on tuntas.rejections.<partner> (at least once).
CREATE TABLE IF NOT EXISTS ledger.rejection_announced (
    next_offset  bigint   NOT NULL DEFAULT 0,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
);

-- How many records were read on each day in Jakarta, and what became of them: counted behind the intake from what is
-- above, each record once (services/projector/delivered.py).
CREATE TABLE IF NOT EXISTS ledger.delivery_day (
    accepted    bigint   NOT NULL,
    duplicate   bigint   NOT NULL,
    rejected    bigint   NOT NULL,
    day         date     NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, day)
) WITH (fillfactor = 50);

-- How far the records of a lane are among these counts: until which offset, and the last event before it.
CREATE TABLE IF NOT EXISTS ledger.delivery_lane (
    next_offset  bigint   NOT NULL,
    position     bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- How many events of each kind happened on each day (in Jakarta, since 1970), and what payments said, whole rupiah: counted behind
-- the intake from the events, each once (services/projector/happened.py).
CREATE TABLE IF NOT EXISTS ledger.happened_day (
    events      bigint   NOT NULL,
    amount      bigint   NOT NULL,
    day         integer  NOT NULL,
    partner_id  smallint NOT NULL,
    topic_id    smallint NOT NULL,
    PRIMARY KEY (partner_id, day, topic_id)
) WITH (fillfactor = 50);

-- Until which position the events of a lane are among these counts.
CREATE TABLE IF NOT EXISTS ledger.happened_lane (
    position    bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- When a rejected record says that it happened, as far as that can be read: `time` of an event in structured mode, `ce_time` in
-- binary mode, `timestamp` of a statement. Bytes are looked at as escaped text, so that none of them is an error.
CREATE OR REPLACE FUNCTION ledger.time_said(record bytea, headers bytea) RETURNS text
    LANGUAGE sql IMMUTABLE PARALLEL SAFE
    RETURN coalesce(substring(encode(record, 'escape') FROM '"(?:time|timestamp)"\s*:\s*"([^"\\]{20,64})"'),
                    substring(encode(headers, 'escape') FROM 'ce_time\\304.([0-9]{4}-[^\\"]{16,48})'));

-- Whether a partner's event with this id is here.
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

-- The ids under which records were only ever rejected, each with the earliest time that one of them says (microseconds UTC;
-- null: none can be read): found behind the intake (services/projector/only_rejected.py).
CREATE TABLE IF NOT EXISTS ledger.only_rejected (
    happened    bigint,
    partner_id  smallint NOT NULL,
    event_id    text     NOT NULL COLLATE "C",
    PRIMARY KEY (partner_id, event_id)
);

-- Until which position of a lane what was accepted is not among these ids any more, and until which offset its rejections are.
CREATE TABLE IF NOT EXISTS ledger.only_rejected_lane (
    position     bigint   NOT NULL,
    next_offset  bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- By which codes events are found: certificate numbers and redeem codes in small letters, each as the 64 bits of
-- ledger.id_hash, with the place of its event; noted behind the intake (services/projector/codes.py).
CREATE TABLE IF NOT EXISTS ledger.code (
    hash        bigint   NOT NULL,
    place       bigint   NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, hash, place)
);

-- Until which position the codes of a lane are noted.
CREATE TABLE IF NOT EXISTS ledger.code_lane (
    position    bigint   NOT NULL,
    lane_id     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- Rejected records that were taken up again, each once: noted before it is sent, and where Kafka put it when that is
-- known (`tuntas redrive`).
CREATE TABLE IF NOT EXISTS ledger.redriven (
    kafka_offset    bigint      NOT NULL,
    redriven        timestamptz NOT NULL,
    sent_offset     bigint,
    lane_id         integer     NOT NULL,
    sent_partition  integer,
    partner_id      smallint    NOT NULL,
    PRIMARY KEY (partner_id, lane_id, kafka_offset)
);
CREATE INDEX IF NOT EXISTS redriven_to ON ledger.redriven (partner_id, sent_partition, sent_offset);

-- What senders may want to look at although it was accepted, and which word was meant by one that was not
-- (services/intake/hinting.py): by lane and kind, in how many of the records that were looked at, and the last of them. A
-- detail names words of the contract and fields, never what was sent.
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

-- Trackings of other applications' notifications (eventsourcing's ProcessRecorder interface).
CREATE TABLE IF NOT EXISTS ledger.tracking (
    notification_id  bigint   NOT NULL,
    lane_id          integer  NOT NULL,
    partner_id       smallint NOT NULL,
    application_name text     NOT NULL,
    PRIMARY KEY (partner_id, lane_id, application_name)
);

-- Snapshots of participants: everything reported of one, up to a place in the lane that the events arrive in
-- (domain/snapshot.py, MessagePack; `events` counts what it has). A worker that does not know a participant reads the
-- snapshot and, unless it is `whole`, the events behind it: of a participant with few events it is written with every
-- batch (projections/aggregates.py). May be deleted at any time, as the events say the same; whoever appends a
-- participant's events and does not write the snapshot deletes it.
CREATE TABLE IF NOT EXISTS ledger.snapshot (
    place       bigint   NOT NULL,
    person      bigint   NOT NULL,
    events      integer  NOT NULL,
    partner_id  smallint NOT NULL,
    whole       boolean  NOT NULL,
    state       bytea    NOT NULL,
    PRIMARY KEY (partner_id, person)
) WITH (fillfactor = 70);
