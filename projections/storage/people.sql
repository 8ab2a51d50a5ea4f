-- Who participants are, for whoever has a psycopg2 cursor.

-- name: names
-- Who some numbers are. OFFSET 0 keeps it one probe of an index a participant.
SELECT person, participant_id
FROM unnest(%(persons)s::bigint[]) AS wanted (wanted)
CROSS JOIN LATERAL (
    SELECT person, participant_id FROM vault.person WHERE person = wanted OFFSET 0
) AS known
