-- Who participants are. Everywhere else a participant is a number; only here stands the pseudonym that partners send.
-- Without a row of it, nobody can tell any more whose the events under a number are.

CREATE SCHEMA IF NOT EXISTS vault;

-- One number a pseudonym, whichever partners know it: 63 random bits, never 0. Given before anything is written under it
-- (services/postgres/vault.py), and never given again.
CREATE TABLE IF NOT EXISTS vault.person (
    person          bigint PRIMARY KEY CHECK (person > 0),
    participant_id  text   NOT NULL COLLATE "C" UNIQUE
);
