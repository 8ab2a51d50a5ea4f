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
