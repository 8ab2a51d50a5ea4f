-- An empty database has the ledger, the read models and what they are built with.
-- kind: contract
-- runs: in one transaction
-- takes: a second; nobody is there yet who could wait
-- stored format: 1

-- name: vault
-- Who participants are. Everywhere else a participant is a number; only here stands the pseudonym that partners send.
-- Without a row of it, nobody can tell any more whose the events under a number are.

CREATE SCHEMA IF NOT EXISTS vault;

-- One number a pseudonym, whichever partners know it: 63 random bits, never 0. Given before anything is written under it
-- (services/postgres/vault.py), and never given again.
CREATE TABLE IF NOT EXISTS vault.person (
    person          bigint PRIMARY KEY CHECK (person > 0),
    participant_id  text   NOT NULL COLLATE "C" UNIQUE
);

-- name: ledger
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

INSERT INTO ledger.topic (topic_id, name) VALUES (1, 'paid'), (2, 'refunded'), (3, 'redeemed'), (4, 'progressed'), (5, 'completed'), (6, 'assessed'), (7, 'certificate'), (8, 'reviewed'), (9, 'voided'), (10, 'class'), (11, 'package'), (12, 'started'), (13, 'attended'), (14, 'declared') ON CONFLICT DO NOTHING;

-- name: projections
-- Read models. Everything in schema "projections" can be rebuilt from ledger.event, to the byte. A rebuild makes these
-- tables in another schema, by this very script, fills them and switches the names (projections/rebuild.py).

CREATE SCHEMA IF NOT EXISTS projections;

-- One row a purchased class: the columns that lists filter by, and what evaluations count of it (domain/counting.py:
-- best_scaled to allocated). Of money, whole rupiah: what was paid, what of it was refunded, what of it is a share of an
-- One row a purchased class: the columns that lists filter by, and what evaluations count of it (domain/counting.py:
-- best_scaled to allocated). Of money, whole rupiah: what was paid, what of it was refunded, what of it is a share of an
-- amount; null for none. `person` is the participant (vault.person). `price_is` is the place of the weakest price in
-- PRICE_IS (domain/money.py). Numbers of states and flags: domain/vocabulary.py; `flags` has two more beside them, 256: a
-- meeting was attended, 512: a certificate was issued. What was reported stands in no row: who needs it loads the
-- participant (projections/reading/evidence.py).
-- `unusual` rows are those that few filters ask for and few rows have, and that a list must not look for among all
-- others: no purchase, refunded, a result without a verdict, any flag (but 4, completed_without_assessment: many rows
-- have it for a while). It is a column of its own because an index on `flags` or `assessment` would end updates in place,
-- which change these often.
CREATE TABLE IF NOT EXISTS projections.purchased_class (
    purchased_at    timestamptz,
    best_scaled     double precision,
    pre_test_scaled double precision,
    taken_seconds   bigint,
    paid            bigint,
    paid_refunded   bigint,
    allocated       bigint,
    person          bigint   NOT NULL,
    partner_id      smallint NOT NULL,
    purchase        smallint NOT NULL,
    completion      smallint NOT NULL,
    assessment      smallint NOT NULL,
    flags           smallint NOT NULL,
    rating          smallint,
    drop_off        smallint,
    price_is        smallint,
    satisfied       boolean  NOT NULL,
    class_code      text     NOT NULL COLLATE "C",
    package_codes   text[],
    unusual         boolean  NOT NULL GENERATED ALWAYS AS (
        flags & 59 <> 0 OR purchase <> 1 OR assessment = 1
    ) STORED,
    PRIMARY KEY (person, partner_id, class_code)
) WITH (fillfactor = 60);
CREATE INDEX IF NOT EXISTS purchased_class_by_class
    ON projections.purchased_class (partner_id, class_code, person);
CREATE INDEX IF NOT EXISTS unusual_class
    ON projections.purchased_class (partner_id, class_code, person) WHERE unusual;
-- Rows of several packages, of which there are few, stand here together under ''.
CREATE INDEX IF NOT EXISTS purchased_class_by_package
    ON projections.purchased_class (
        partner_id, (CASE WHEN package_codes[2] IS NULL THEN package_codes[1] ELSE '' END), class_code, person
    ) WHERE package_codes IS NOT NULL;

-- One row a purchase, also where every payment was withdrawn: purchased_at and package_code are null then, and only "as
-- of" speaks of it. `missing` and `complete` speak of package purchases only; null for the others. `packages` are those
-- that have a say in what was bought beside package_code, as of some time at least. `withdrawn`: a payment was.
CREATE TABLE IF NOT EXISTS projections.purchase (
    purchased_at    timestamptz,
    unallocated     bigint,
    person          bigint   NOT NULL,
    partner_id      smallint NOT NULL,
    refunded        boolean  NOT NULL,
    amount_differs  boolean  NOT NULL,
    unresolved      boolean  NOT NULL,
    complete        boolean,
    after_sales_end boolean  NOT NULL,
    withdrawn       boolean  NOT NULL,
    purchase_id     text     NOT NULL COLLATE "C",
    package_code    text     COLLATE "C",
    class_codes     text[]   NOT NULL,
    missing         text[],
    packages        text[],
    PRIMARY KEY (partner_id, purchase_id, person)
) WITH (fillfactor = 85);
CREATE INDEX IF NOT EXISTS package_purchase
    ON projections.purchase (partner_id, package_code, purchase_id, person)
    WHERE package_code IS NOT NULL;
CREATE INDEX IF NOT EXISTS unresolved_purchase
    ON projections.purchase (partner_id, package_code) WHERE unresolved;
CREATE INDEX IF NOT EXISTS purchase_of_participant
    ON projections.purchase (person, partner_id, purchase_id);
CREATE INDEX IF NOT EXISTS refunded_purchase
    ON projections.purchase (partner_id, purchase_id, person) WHERE refunded;
CREATE INDEX IF NOT EXISTS differing_purchase
    ON projections.purchase (partner_id, purchase_id, person) WHERE amount_differs;
CREATE INDEX IF NOT EXISTS withdrawn_payment
    ON projections.purchase (partner_id, purchase_id, person) WHERE withdrawn;
CREATE INDEX IF NOT EXISTS purchase_of_more_packages
    ON projections.purchase (partner_id, purchase_id, person) WHERE packages IS NOT NULL;

-- The catalogue as it stands: what is latest of each class, what is earliest of each package. Title and institution are
-- null where every publication of a class was withdrawn. `summed_institution` is the one that the class's counts are added
-- up under: it follows.
CREATE TABLE IF NOT EXISTS projections.class (
    partner_id   smallint NOT NULL,
    class_code   text     NOT NULL COLLATE "C",
    title        text,
    institution  text     COLLATE "C",
    summed_institution text COLLATE "C",
    PRIMARY KEY (partner_id, class_code)
);
CREATE INDEX IF NOT EXISTS class_by_institution ON projections.class (summed_institution, partner_id, class_code);
CREATE INDEX IF NOT EXISTS moved_class
    ON projections.class (partner_id, class_code) WHERE institution IS DISTINCT FROM summed_institution;

CREATE TABLE IF NOT EXISTS projections.package (
    partner_id   smallint NOT NULL,
    package_code text     NOT NULL COLLATE "C",
    title        text     NOT NULL,
    class_codes  text[]   NOT NULL,
    PRIMARY KEY (partner_id, package_code)
);

-- Evaluations, as multisets: how often each value of each metric (domain/counting.py) was counted in a scope. Scopes: one
-- class (package_code ''), one class within the purchases of one package, one package (class_code ''), and the whole
-- partner (both ''). Rows with n = 0 do not stay.
CREATE TABLE IF NOT EXISTS projections.rollup (
    value        double precision NOT NULL,
    n            bigint   NOT NULL,
    partner_id   smallint NOT NULL,
    metric       smallint NOT NULL,
    class_code   text     NOT NULL COLLATE "C",
    package_code text     NOT NULL COLLATE "C",
    PRIMARY KEY (partner_id, package_code, class_code, metric, value)
) WITH (fillfactor = 85);
-- A partner's classes with how many were purchased (metric 1) and never reported (metric 3).
CREATE INDEX IF NOT EXISTS rollup_of_classes
    ON projections.rollup (partner_id, class_code, metric)
    WHERE package_code = '' AND class_code > '' AND metric IN (1, 3);

-- The same, added up over the classes that an institution teaches at a partner; of scores their hundredths, and of
-- seconds their hours: the exact values are taken from the classes. Under partner_id 0: metrics below 20, and 40 to 49, of all partners.
CREATE TABLE IF NOT EXISTS projections.institution_rollup (
    value        double precision NOT NULL,
    n            bigint   NOT NULL,
    partner_id   smallint NOT NULL,
    metric       smallint NOT NULL,
    institution  text     NOT NULL COLLATE "C",
    PRIMARY KEY (institution, partner_id, metric, value)
) WITH (fillfactor = 85);

-- What transactions changed in what is counted, on its way to the sums: one row a partner and transaction, in
-- MessagePack (projections/sums/queue.py). Read and removed by the project service, in any order. `changes`
-- is how many purchased classes and purchases it speaks of.
CREATE TABLE IF NOT EXISTS projections.delta (
    delta_id    bigint GENERATED ALWAYS AS IDENTITY,
    queued      timestamptz NOT NULL DEFAULT now(),
    changes     integer  NOT NULL,
    partner_id  smallint NOT NULL,
    counts      bytea    NOT NULL,
    PRIMARY KEY (partner_id, delta_id)
);
CREATE INDEX IF NOT EXISTS oldest_delta ON projections.delta (delta_id);

-- Which numbers of a partner's `sequence` its accepted events carry: ranges without a gap inside them, what they add up
-- to (`received` numbers in so many `ranges`; events `unnumbered`, or with an `unusable` number), and up to which
-- position each lane was looked at.
CREATE TABLE IF NOT EXISTS projections.sequence_range (
    first_number bigint   NOT NULL,
    last_number  bigint   NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, first_number)
);
CREATE TABLE IF NOT EXISTS projections.sequence_count (
    received     bigint   NOT NULL,
    ranges       bigint   NOT NULL,
    unnumbered   bigint   NOT NULL,
    unusable     bigint   NOT NULL,
    partner_id   smallint PRIMARY KEY
) WITH (fillfactor = 50);
CREATE TABLE IF NOT EXISTS projections.sequence_lane (
    position     bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- Numbers that rejected records carry and no accepted event does, and how far each lane's rejections were looked at: up to
-- which offset, and how many.
CREATE TABLE IF NOT EXISTS projections.sequence_rejected (
    number       bigint   NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, number)
);
CREATE TABLE IF NOT EXISTS projections.sequence_rejection_lane (
    next_offset  bigint   NOT NULL,
    rejected     bigint   NOT NULL,
    lane_id      integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, lane_id)
) WITH (fillfactor = 50);

-- name: control
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

-- name: access
-- What the API keeps of its own: who is logged in at its pages. Nothing else writes here, and nothing here is told
-- from events.

CREATE SCHEMA IF NOT EXISTS access;

-- One login. Neither column opens anything: `session` is the SHA-256 of what the cookie holds, and `token` is the token
-- that was entered, as a digest whose key is what the cookie holds.
CREATE TABLE IF NOT EXISTS access.session (
    session  bytea       PRIMARY KEY,
    token    bytea       NOT NULL,
    ends     timestamptz NOT NULL
);
CREATE INDEX IF NOT EXISTS session_ends ON access.session (ends);
