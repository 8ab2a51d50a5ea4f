-- Evaluations as of the end of a day, read from the sums over time (projections/storage/tables.sql, day_block).

-- name: until
-- Of cumulative sums (numbered from 1) the last row until block $5 of each.
SELECT wanted.scope, held.block, held.before, held.days
FROM unnest($1::smallint[], $2::smallint[], $3::text[], $4::text[], $5::integer[]) WITH ORDINALITY
  AS wanted (kind, partner_id, package_code, code, block, scope)
CROSS JOIN LATERAL (
    SELECT block, before, days FROM projections.day_block
    WHERE day_block.kind = wanted.kind AND day_block.partner_id = wanted.partner_id
      AND day_block.package_code = wanted.package_code COLLATE "C" AND day_block.code = wanted.code COLLATE "C"
      AND day_block.block <= wanted.block
    ORDER BY block DESC LIMIT 1
) AS held

-- name: added
-- Of sums (numbered from 1) of kind $1 the rows until block $5.
SELECT wanted.scope, held.block, held.days
FROM unnest($2::smallint[], $3::text[], $4::text[]) WITH ORDINALITY AS wanted (partner_id, package_code, code, scope)
CROSS JOIN LATERAL (
    SELECT block, days FROM projections.day_block
    WHERE day_block.kind = $1 AND day_block.partner_id = wanted.partner_id
      AND day_block.package_code = wanted.package_code COLLATE "C" AND day_block.code = wanted.code COLLATE "C"
      AND day_block.block <= $5::integer
    OFFSET 0
) AS held

-- name: usable
-- Whether the sums of some partners may answer: they follow the catalogue, and at most $2 events wait.
SELECT NOT EXISTS (
           SELECT FROM control.catalogue_head AS head LEFT JOIN projections.day_partner AS followed USING (partner_id)
           WHERE head.partner_id = ANY ($1::smallint[])
             AND head.revision > coalesce(followed.revision, -1)
       )
       AND (SELECT coalesce(sum(lane.position - coalesce(followed.position, 0)), 0)
            FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
            WHERE lane.partner_id = ANY ($1::smallint[])) <= $2::bigint

-- name: midnights
-- Whether anything happened beside the midnight at the end of day $2 to what some partners are summed of.
SELECT EXISTS (SELECT FROM projections.midnight WHERE partner_id = ANY ($1::smallint[]) AND day = $2)

-- name: waiting
-- How many events and catalogue changes of some partners the sums over time do not follow yet, and since when an event
-- has waited at least: the first one behind each lane.
SELECT (SELECT coalesce(sum(lane.position - coalesce(followed.position, 0)), 0)::bigint
        FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
        WHERE lane.partner_id = ANY ($1::smallint[]))
       + (SELECT coalesce(sum(head.revision - coalesce(followed.revision, 0)), 0)::bigint
          FROM control.catalogue_head AS head LEFT JOIN projections.day_partner AS followed USING (partner_id)
          WHERE head.partner_id = ANY ($1::smallint[])) AS changes,
       (SELECT min(next.recorded)
        FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
        CROSS JOIN LATERAL (
            SELECT recorded FROM ledger.event
            WHERE event.block = ledger.block(lane.lane_id, coalesce(followed.position, 0) + 1)
              AND event.position = coalesce(followed.position, 0) + 1
            OFFSET 0
        ) AS next
        WHERE lane.partner_id = ANY ($1::smallint[]) AND lane.position > coalesce(followed.position, 0)) AS since
