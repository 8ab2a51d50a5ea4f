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
-- Lists in order of the first purchase; rows without one stand before all others.
CREATE INDEX IF NOT EXISTS purchased_class_by_purchase
    ON projections.purchased_class (partner_id, (coalesce(purchased_at, '-infinity')), class_code, person);
CREATE INDEX IF NOT EXISTS unusual_class_by_purchase
    ON projections.purchased_class (partner_id, (coalesce(purchased_at, '-infinity')), class_code, person) WHERE unusual;
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

-- Evaluations over time: what each day (in Jakarta, since 1970) changed in what is counted, of one class, one class within
-- the purchases of one package, one package, a partner or an institution. A row is about a block of days of one sum; kinds
-- and blocks: projections/days/changed.py. `days` has a tally for each of its days in which something changed, `before`,
-- in kinds that have it, everything until the block begins (of classes and packages what lists show), in MessagePack
-- (projections/days/tallies.py). Institutions stand under partner_id 0 as well, over all partners.
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

-- Days of which something happened within a second of the midnight at their end.
CREATE TABLE IF NOT EXISTS projections.midnight (
    day          integer  NOT NULL,
    partner_id   smallint NOT NULL,
    PRIMARY KEY (partner_id, day)
);

-- In which blocks of the ledger (ledger.block) there are events of participants that happened on a day.
CREATE TABLE IF NOT EXISTS projections.day_place (
    day          integer  NOT NULL,
    partner_id   smallint NOT NULL,
    blocks       bigint[] NOT NULL,
    PRIMARY KEY (partner_id, day)
);

-- Purchased classes that were reported on, as worklists ask for them: the partner's latest word, since when a completed one
-- is what first completions ask for (domain/watched.py), its states as one number (odd ones are few: a verdict
-- before the completion, or failed in spite of it), and whether it is open. It changes with every word, so the project service
-- writes it, as far as day_lane says, and not the intake: whoever reads it looks at those with later events himself.
CREATE TABLE IF NOT EXISTS projections.watched_class (
    last_reported timestamptz NOT NULL,
    since         timestamptz,
    person        bigint   NOT NULL,
    partner_id    smallint NOT NULL,
    state         smallint NOT NULL,
    is_open       boolean  NOT NULL,
    class_code    text     NOT NULL COLLATE "C",
    is_ready      boolean,
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
CREATE INDEX IF NOT EXISTS watched_ready
    ON projections.watched_class (person) WHERE since IS NOT NULL AND is_ready IS NOT FALSE;
CREATE INDEX IF NOT EXISTS watched_missing
    ON projections.watched_class (person) WHERE since IS NOT NULL AND is_ready IS NOT TRUE;

-- How far evaluations over time follow: the events of each lane, and the revision of each partner's catalogue, with the
-- package sales end of then.
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
