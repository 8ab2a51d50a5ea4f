-- How many of a partner's events happened before some times, from what is counted by day (services/projector/happened.py).

-- name: usable
-- Whether partner $1's counts may answer: the days' places of all that is counted are known, and at most $2 events wait.
SELECT NOT EXISTS (
           SELECT FROM ledger.happened_lane AS counted LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
           WHERE counted.partner_id = $1 AND counted.position > coalesce(followed.position, 0)
       )
       AND (SELECT coalesce(sum(lane.position - coalesce(counted.position, 0)), 0)
            FROM ledger.lane LEFT JOIN ledger.happened_lane AS counted USING (partner_id, lane_id)
            WHERE lane.partner_id = $1) <= $2::bigint

-- name: by_day
-- What is counted of partner $1 before day $2, with declarations left out.
SELECT day, topic.name AS topic, events, amount
FROM ledger.happened_day JOIN ledger.topic USING (topic_id)
WHERE partner_id = $1 AND day < $2 AND topic.name <> 'declared'
ORDER BY day

-- name: of_days
-- Of what is counted of partner $1, the events of days $2: how many of each kind there are between times $3, which rise, with what
-- payments say. A participant's are found by the places of their day, the others by their index. OFFSET 0 keeps it one look
-- into the ledger a block.
SELECT day, width_bucket(happened, $3::timestamptz[]) AS bucket, topic.name AS topic, count(*) AS events,
       array_agg(state) FILTER (WHERE topic.name = 'paid') AS paid
FROM (
    SELECT day, event.*
    FROM projections.day_place
    CROSS JOIN LATERAL unnest(blocks) AS place_of (block)
    CROSS JOIN LATERAL (
        SELECT place, happened, topic_id, event_id, state FROM ledger.stored_event
        WHERE place >> 7 = place_of.block AND stored_event.partner_id = $1 AND person <> 0 AND {in_day}
        OFFSET 0
    ) AS event
    WHERE day_place.partner_id = $1 AND day = ANY ($2::integer[])
    UNION ALL
    SELECT day, place, happened, topic_id, event_id, state
    FROM unnest($2::integer[]) AS of_day (day)
    CROSS JOIN LATERAL (
        SELECT place, happened, topic_id, event_id, state FROM ledger.stored_event
        WHERE person = 0 AND partner_id = $1 AND {in_day}
        OFFSET 0
    ) AS event
) AS event
JOIN ledger.happened_lane AS counted
  ON counted.partner_id = $1 AND counted.lane_id = event.place >> 40
 AND event.place <= ledger.place(counted.lane_id, counted.position)
JOIN ledger.topic USING (topic_id)
WHERE event_id IS NOT NULL AND topic.name <> 'declared'
GROUP BY 1, 2, 3

-- name: in_day
-- Stands for {in_day}: within the day in Jakarta.
happened >= timestamptz '1970-01-01T00:00:00Z' + day * interval '1 day' - interval '7 hours'
AND happened < timestamptz '1970-01-01T00:00:00Z' + (day + 1) * interval '1 day' - interval '7 hours'

-- name: behind
-- The same of all events of partner $1 that are not counted yet, whatever their day, between times $2.
SELECT width_bucket(happened, $2::timestamptz[]) AS bucket, topic.name AS topic, count(*) AS events,
       array_agg(state) FILTER (WHERE topic.name = 'paid') AS paid
FROM ledger.lane LEFT JOIN ledger.happened_lane AS counted USING (partner_id, lane_id)
CROSS JOIN LATERAL (
    SELECT happened, topic_id, event_id, state FROM ledger.stored_event
    WHERE place >> 7 BETWEEN ledger.block(lane.lane_id, coalesce(counted.position, 0) + 1)
                         AND ledger.block(lane.lane_id, lane.position)
      AND place > ledger.place(lane.lane_id, coalesce(counted.position, 0))
      AND place <= ledger.place(lane.lane_id, lane.position)
    OFFSET 0
) AS event
JOIN ledger.topic USING (topic_id)
WHERE lane.partner_id = $1 AND lane.position > coalesce(counted.position, 0)
  AND event_id IS NOT NULL AND topic.name <> 'declared'
GROUP BY 1, 2

-- name: counts
-- How many events of each kind happened before each of the times $2, which rise, and after the one before. What happened at or
-- after the last is left out, and so are declarations. One pass over the partner's events.
SELECT width_bucket(happened, $2::timestamptz[]) AS bucket, topic.name AS topic, count(*) AS events
FROM ledger.stored_event JOIN ledger.topic USING (topic_id)
WHERE partner_id = $1 AND event_id IS NOT NULL AND happened < ($2::timestamptz[])[cardinality($2::timestamptz[])]
  AND topic.name <> 'declared'
GROUP BY 1, 2

-- name: facts
-- When, and what they say: the events of one kind.
SELECT happened, state
FROM ledger.stored_event JOIN ledger.topic USING (topic_id)
WHERE partner_id = $1 AND topic.name = $2 AND event_id IS NOT NULL
