-- Rebuilding the read models from the ledger, beside the live ones.

-- name: claim_partner
-- Projectors hold this per partner while they judge again; a rebuild holds all of them.
SELECT pg_advisory_lock(%(key)s, %(partner_id)s)

-- name: release_all
SELECT pg_advisory_unlock_all()

-- name: positions
-- How far each lane was when the snapshot was taken.
SELECT lane_id, position FROM ledger.lane ORDER BY lane_id

-- name: export_snapshot
-- What other sessions may read until this transaction ends.
SELECT pg_export_snapshot()

-- name: make_counted
-- What each share counted, for the sums.
CREATE TABLE projections_next.counted (
    value        double precision NOT NULL,
    n            bigint   NOT NULL,
    partner_id   smallint NOT NULL,
    metric       smallint NOT NULL,
    class_code   text     NOT NULL COLLATE "C",
    package_code text     NOT NULL COLLATE "C"
)

-- name: drop_counted
DROP TABLE projections_next.counted

-- name: sum_scopes
-- Classes, packages, and classes within packages.
INSERT INTO projections_next.rollup (partner_id, package_code, class_code, metric, value, n)
SELECT partner_id, package_code, class_code, metric, value, sum(n)
FROM projections_next.counted
GROUP BY partner_id, package_code, class_code, metric, value
HAVING sum(n) <> 0

-- name: sum_partners
-- Whole partners: a class within a package is counted in the partner by the class alone. They have hundredths (metric
-- 55) beside scores (51) and hours (52) beside seconds (53).
INSERT INTO projections_next.rollup (partner_id, package_code, class_code, metric, value, n)
SELECT partner_id, '', '', metric, value, sum(n)
FROM (
    SELECT partner_id, metric, value, n FROM projections_next.rollup WHERE package_code = '' OR class_code = ''
    UNION ALL
    SELECT partner_id, CASE metric WHEN 51 THEN 55 ELSE 52 END,
           CASE metric WHEN 51 THEN width_bucket(value, %(hundredths)s::float8[]) ELSE floor(value / 3600) END, n
    FROM projections_next.rollup WHERE (package_code = '' OR class_code = '') AND metric IN (51, 53)
) AS counted
GROUP BY partner_id, metric, value
HAVING sum(n) <> 0

-- name: sum_institutions
-- As stage_institutions (rollup.sql), of all classes.
INSERT INTO projections_next.institution_rollup (institution, partner_id, metric, value, n)
SELECT class.summed_institution, partner_id,
       CASE metric WHEN 51 THEN 55 WHEN 53 THEN 52 ELSE metric END AS of_metric,
       CASE metric WHEN 51 THEN width_bucket(value, %(hundredths)s::float8[])
                   WHEN 53 THEN floor(value / 3600) ELSE value END AS of_value,
       sum(n)
FROM projections_next.rollup JOIN projections_next.class USING (partner_id, class_code)
WHERE package_code = '' AND class.summed_institution IS NOT NULL
GROUP BY partner_id, class.summed_institution, of_metric, of_value
HAVING sum(n) <> 0

-- name: sum_everywhere
-- As stage_everywhere (rollup.sql).
INSERT INTO projections_next.institution_rollup (institution, partner_id, metric, value, n)
SELECT institution, 0, metric, value, sum(n) FROM projections_next.institution_rollup
WHERE metric < 20 OR metric BETWEEN 40 AND 49
GROUP BY institution, metric, value
HAVING sum(n) <> 0

-- name: other_numbers
-- What events carry that are not about participants, by the index of streams: there are few of these in a large ledger.
SELECT partner_id, sequence FROM ledger.event WHERE stream <> ''

-- name: some_participant_events
-- Everything about some participants of one partner.
SELECT person, topic, (extract(epoch FROM happened) * 1000000)::bigint, event_id, state
FROM ledger.event
WHERE partner_id = %(partner_id)s AND person = ANY(%(persons)s::bigint[])
ORDER BY person

-- name: changed_participants
-- Participants with events behind the positions that were read, found by lane: the ledger is not read from end to end.
SELECT DISTINCT changed.partner_id, changed.person
FROM ledger.lane
LEFT JOIN unnest(%(lane_ids)s::integer[], %(positions)s::bigint[]) AS seen (lane_id, position) USING (lane_id)
CROSS JOIN LATERAL (
    SELECT event.partner_id, event.person FROM ledger.event
    WHERE event.lane_id = lane.lane_id AND event.position > coalesce(seen.position, 0)
      AND event.block BETWEEN ledger.block(lane.lane_id, coalesce(seen.position, 0))
                          AND ledger.block(lane.lane_id, lane.position)
    OFFSET 0
) AS changed
WHERE lane.position > coalesce(seen.position, 0) AND changed.person > 0
ORDER BY 1, 2

-- name: lock_heads
SELECT partner_id FROM control.catalogue_head ORDER BY partner_id FOR UPDATE

-- name: lock_lanes
-- From here until the end of the transaction no writer commits a batch, not of a lane that is opened just now either.
LOCK TABLE ledger.lane IN EXCLUSIVE MODE

-- name: judged_with
-- Rows of the rebuild were judged with these revisions; what came later is applied by the projectors.
UPDATE control.catalogue_head SET applied_revision = least(%(revision)s, revision) WHERE partner_id = %(partner_id)s

-- name: next_generation
UPDATE control.generation SET generation = generation + 1, switched = clock_timestamp() RETURNING generation

-- name: remove_classes
-- Takes some participants out again; answers what was counted of them.
DELETE FROM projections.purchased_class
WHERE partner_id = %(partner_id)s AND person = ANY(%(persons)s::bigint[])
RETURNING class_code, package_codes, {class_counted}

-- name: remove_purchases
DELETE FROM projections.purchase
WHERE partner_id = %(partner_id)s AND person = ANY(%(persons)s::bigint[])
RETURNING {purchase_counted}
