-- Sums over time of a rebuild.

-- name: make_counted
-- What each share counted of each day.
CREATE TABLE projections_next.counted_day (
    day          integer  NOT NULL,
    partner_id   smallint NOT NULL,
    package_code text     NOT NULL COLLATE "C",
    class_code   text     NOT NULL COLLATE "C",
    tally        bytea    NOT NULL
)

-- name: drop_counted
DROP TABLE projections_next.counted_day

-- name: load_counted
COPY projections_next.counted_day (partner_id, package_code, class_code, day, tally) FROM STDIN (FORMAT binary)

-- name: counted
SELECT partner_id, package_code, class_code, day, tally FROM projections_next.counted_day
WHERE partner_id = %(partner_id)s
ORDER BY package_code, class_code, day

-- name: followed_to
-- What is summed until there: lanes that have events.
INSERT INTO projections_next.day_lane (partner_id, lane_id, position)
SELECT partner_id, lane_id, step.position
FROM unnest(%(lane_ids)s::integer[], %(positions)s::bigint[]) AS step (lane_id, position) JOIN ledger.lane USING (lane_id)
WHERE step.position > 0

-- name: places
-- In which blocks of the ledger there are events of each day in Jakarta, of lanes until a position.
INSERT INTO projections_next.day_place (partner_id, day, blocks)
SELECT partner_id, day, array_agg(block ORDER BY block)
FROM (
    SELECT DISTINCT event.partner_id, (event.happened AT TIME ZONE interval '7 hours')::date - date '1970-01-01' AS day, event.block
    FROM unnest(%(lane_ids)s::integer[], %(positions)s::bigint[]) AS step (lane_id, position)
    JOIN ledger.event ON event.lane_id = step.lane_id AND event.position <= step.position
    WHERE event.person <> 0
) AS of_days
GROUP BY partner_id, day
