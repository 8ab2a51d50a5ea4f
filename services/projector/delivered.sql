-- How many records were read on each day in Jakarta, and what became of them (services/postgres/ledger.sql).

-- name: claim
-- One process at a time counts; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727407)

-- name: count
-- Counts the next %(offsets)s offsets at most of each lane, and returns whether records still wait. A lane's offsets rise
-- with its positions, so what its next offsets hold is found by the events behind the last that was counted, and by
-- the offsets of repeats and rejections.
WITH step AS MATERIALIZED (
    SELECT lane.partner_id, lane.lane_id, coalesce(counted.position, 0) AS seen, lane.next_offset AS reached,
           coalesce(counted.next_offset, lane.first_offset) AS since,
           least(lane.next_offset, coalesce(counted.next_offset, lane.first_offset) + %(offsets)s) AS upto
    FROM ledger.lane LEFT JOIN ledger.delivery_lane AS counted USING (partner_id, lane_id)
    WHERE lane.next_offset > coalesce(counted.next_offset, lane.first_offset)
), outcome AS MATERIALIZED (
    SELECT partner_id, lane_id, day, sum(accepted)::bigint AS accepted, sum(duplicate)::bigint AS duplicate,
           sum(rejected)::bigint AS rejected, max(position) AS position
    FROM step CROSS JOIN LATERAL (
        SELECT (recorded AT TIME ZONE interval '7 hours')::date AS day, count(*) AS accepted, 0 AS duplicate, 0 AS rejected,
               max(position) AS position
        FROM ledger.event
        WHERE event.block BETWEEN ledger.block(step.lane_id, step.seen)
                              AND ledger.block(step.lane_id, step.seen + step.upto - step.since)
          AND event.lane_id = step.lane_id AND event.position > step.seen
          AND event.kafka_offset >= step.since AND event.kafka_offset < step.upto
        GROUP BY day
        UNION ALL
        SELECT (recorded AT TIME ZONE interval '7 hours')::date, 0, count(*), 0, NULL
        FROM ledger.duplicate
        WHERE duplicate.partner_id = step.partner_id AND duplicate.lane_id = step.lane_id
          AND duplicate.kafka_offset >= step.since AND duplicate.kafka_offset < step.upto
        GROUP BY 1
        UNION ALL
        SELECT (recorded AT TIME ZONE interval '7 hours')::date, 0, 0, count(*), NULL
        FROM ledger.rejection
        WHERE rejection.partner_id = step.partner_id AND rejection.lane_id = step.lane_id
          AND rejection.kafka_offset >= step.since AND rejection.kafka_offset < step.upto
        GROUP BY 1
    ) AS became
    GROUP BY partner_id, lane_id, day
), noted AS (
    INSERT INTO ledger.delivery_day AS held (partner_id, day, accepted, duplicate, rejected)
    SELECT partner_id, day, sum(accepted), sum(duplicate), sum(rejected) FROM outcome
    GROUP BY partner_id, day ORDER BY partner_id, day
    ON CONFLICT (partner_id, day) DO UPDATE
    SET accepted = held.accepted + excluded.accepted, duplicate = held.duplicate + excluded.duplicate,
        rejected = held.rejected + excluded.rejected
), moved AS (
    INSERT INTO ledger.delivery_lane (partner_id, lane_id, next_offset, position)
    SELECT step.partner_id, step.lane_id, step.upto, coalesce(max(outcome.position), step.seen)
    FROM step LEFT JOIN outcome USING (partner_id, lane_id)
    GROUP BY step.partner_id, step.lane_id, step.upto, step.seen
    ON CONFLICT (partner_id, lane_id) DO UPDATE SET next_offset = excluded.next_offset, position = excluded.position
)
SELECT coalesce(bool_or(upto < reached), false) FROM step
