-- How far the intake is: lanes, and how far what readers see is behind.

-- name: lanes
SELECT lane_id, partner_id, topic, partition, first_offset, next_offset, high_water,
       accepted, duplicate, rejected, skipped, unknown_fields, last_read
FROM ledger.lane ORDER BY lane_id

-- name: backlog
-- Per partner: records not read yet, since when the most neglected lagging lane was not read, and catalogue changes
-- that not every row follows yet.
SELECT partner_id, sum(events)::bigint AS events, min(since) AS since, sum(changes)::bigint AS changes, now() AS now
FROM (
    SELECT partner_id, greatest(high_water - next_offset, 0) AS events, 0 AS changes,
           CASE WHEN high_water > next_offset THEN last_read END AS since
    FROM ledger.lane
    UNION ALL
    SELECT partner_id, 0, greatest(revision - applied_revision, 0), NULL FROM control.catalogue_head
) AS behind
GROUP BY partner_id
