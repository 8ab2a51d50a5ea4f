-- Changes of what is counted, on their way to the sums (projections.delta).

-- name: leave
INSERT INTO projections.delta (partner_id, changes, counts)
SELECT * FROM unnest(%(partner_ids)s::smallint[], %(changes)s::integer[], %(counts)s::bytea[])

-- name: take
-- Takes changes off the queue, the oldest first, until they are about so many.
DELETE FROM projections.delta WHERE delta_id IN (
    SELECT delta_id
    FROM (SELECT delta_id, sum(changes) OVER (ORDER BY delta_id) - changes AS before
          FROM (SELECT delta_id, changes FROM projections.delta ORDER BY delta_id LIMIT 500) AS oldest) AS counted
    WHERE before < %(changes)s
)
RETURNING partner_id, counts
