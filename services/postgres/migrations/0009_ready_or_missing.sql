-- Of each completed class that worklists watch it is noted whether certificate and review are there. The project service
-- fills it, and the next migration for what it has followed; null is not known, and looked at.
-- kind: expand
-- runs: in one transaction
-- takes: milliseconds; nobody waits

-- name: is_ready
ALTER TABLE projections.watched_class ADD COLUMN IF NOT EXISTS is_ready boolean;
