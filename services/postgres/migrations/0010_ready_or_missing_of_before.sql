-- Whether certificate and review are there is noted of completed classes that were followed before, by their rows. A row
-- that knows more events than were followed is no fault: of whom events wait is looked at anyhow.
-- kind: expand
-- runs: in chunks of 5000
-- takes: some seconds for each million purchased classes; the project service waits for a chunk at most

-- name: total
SELECT count(*) FROM projections.watched_class;

-- name: chunk
WITH looked_at AS MATERIALIZED (
    SELECT person, partner_id, class_code
    FROM projections.watched_class
    WHERE (person, partner_id, class_code)
          > (coalesce(($1::jsonb ->> 0)::bigint, -9223372036854775808), coalesce(($1::jsonb ->> 1)::smallint, 0::smallint),
             coalesce($1::jsonb ->> 2, ''))
    ORDER BY person, partner_id, class_code
    LIMIT $2
    FOR UPDATE
), noted AS (
    UPDATE projections.watched_class AS watched
    SET is_ready = held.flags & 512 <> 0 AND held.rating IS NOT NULL
    FROM looked_at JOIN projections.purchased_class AS held USING (person, partner_id, class_code)
    WHERE watched.person = looked_at.person AND watched.partner_id = looked_at.partner_id
      AND watched.class_code = looked_at.class_code AND watched.since IS NOT NULL AND watched.is_ready IS NULL
)
SELECT (SELECT jsonb_build_array(person, partner_id, class_code)
        FROM looked_at ORDER BY person DESC, partner_id DESC, class_code DESC LIMIT 1),
       (SELECT count(*) FROM looked_at);
