-- Who participants are: look-ups in the vault, which may lie on another server one day, so it is not joined with.

-- name: number
SELECT person FROM vault.person WHERE participant_id = $1

-- name: names
-- Who some numbers are. OFFSET 0 keeps it one probe of an index a participant.
SELECT person, participant_id
FROM unnest($1::bigint[]) AS wanted (wanted)
CROSS JOIN LATERAL (
    SELECT person, participant_id FROM vault.person WHERE person = wanted OFFSET 0
) AS known
