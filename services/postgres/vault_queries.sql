-- name: numbers
-- The numbers of those of some participants that have one. OFFSET 0 keeps it one probe of an index a participant.
SELECT participant_id, person
FROM unnest(%(participant_ids)s::text[]) AS wanted (wanted_id)
CROSS JOIN LATERAL (
    SELECT participant_id, person FROM vault.person
    WHERE participant_id = wanted_id COLLATE "C"
    OFFSET 0
) AS known

-- name: give
-- Gives numbers to participants; answers those that are theirs now. Whoever got one meanwhile, or is offered the number of
-- somebody else, is left out. In the order of their ids, so that two workers never wait for each other in a circle.
INSERT INTO vault.person (person, participant_id)
SELECT person, participant_id
FROM unnest(%(persons)s::bigint[], %(participant_ids)s::text[]) AS new (person, participant_id)
ORDER BY participant_id COLLATE "C"
ON CONFLICT DO NOTHING
RETURNING participant_id, person

-- name: soon
-- The commit does not wait for the disk: whatever is written under the numbers is committed behind it, and waits for both.
SET LOCAL synchronous_commit = off
