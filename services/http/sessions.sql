-- Logins at the pages.

-- name: begin
-- Keeps a new session, and forgets those that have ended.
WITH forgotten AS (DELETE FROM access.session WHERE ends <= now())
INSERT INTO access.session (session, token, ends) VALUES ($1, $2, now() + $3::interval)

-- name: token
-- The token's digest of a session that has not ended.
SELECT token FROM access.session WHERE session = $1 AND ends > now()

-- name: end
DELETE FROM access.session WHERE session = $1
