-- The ids under which records were only ever rejected, of one partner ($1), by the time that these say.

-- name: usable
-- Whether what is kept of them may be asked: at most $2 offsets and events of the partner are not followed yet.
SELECT coalesce(sum(lane.next_offset - coalesce(followed.next_offset, lane.first_offset)), 0) <= $2::bigint
       AND coalesce(sum(lane.position - coalesce(followed.position, 0)), 0) <= $2
FROM ledger.lane LEFT JOIN ledger.only_rejected_lane AS followed USING (partner_id, lane_id)
WHERE lane.partner_id = $1

-- name: kept
-- How many are kept, between each of times $2, which rise, and the next one; null: they say none. None behind $3.
SELECT width_bucket(happened, $2::bigint[]) AS bucket, count(*) AS ids
FROM ledger.only_rejected
WHERE partner_id = $1 AND (happened IS NULL OR happened <= $3::bigint)
GROUP BY 1

-- name: accepted_since
-- The times of those that are kept, and are among the events that are not followed yet.
SELECT held.happened
FROM ledger.lane LEFT JOIN ledger.only_rejected_lane AS followed USING (partner_id, lane_id)
CROSS JOIN LATERAL (
    SELECT event_id FROM ledger.stored_event
    WHERE place >> 7 BETWEEN ledger.block(lane.lane_id, coalesce(followed.position, 0) + 1)
                         AND ledger.block(lane.lane_id, lane.position)
      AND place > ledger.place(lane.lane_id, coalesce(followed.position, 0))
      AND place <= ledger.place(lane.lane_id, lane.position)
    OFFSET 0
) AS event
JOIN ledger.only_rejected AS held ON held.partner_id = $1 AND held.event_id = event.event_id COLLATE "C"
WHERE lane.partner_id = $1 AND lane.position > coalesce(followed.position, 0)

-- name: rejected_since
-- The ids of rejections that are not followed yet and were not accepted: the times that their records say, and, of those that
-- are kept already, theirs.
SELECT found.said, held.event_id IS NOT NULL AS is_kept, held.happened
FROM (
    SELECT rejection.event_id, array_agg(DISTINCT ledger.time_said(record, headers)) AS said
    FROM ledger.lane LEFT JOIN ledger.only_rejected_lane AS followed USING (partner_id, lane_id)
    JOIN ledger.rejection
      ON rejection.partner_id = lane.partner_id AND rejection.lane_id = lane.lane_id
     AND rejection.kafka_offset >= coalesce(followed.next_offset, lane.first_offset)
    WHERE lane.partner_id = $1 AND lane.next_offset > coalesce(followed.next_offset, lane.first_offset)
      AND rejection.event_id IS NOT NULL
    GROUP BY rejection.event_id
    HAVING NOT ledger.is_accepted($1, rejection.event_id)
) AS found
LEFT JOIN ledger.only_rejected AS held ON held.partner_id = $1 AND held.event_id = found.event_id COLLATE "C"

-- name: every
-- Of each of them the times that its records say, found among all rejections.
SELECT array_agg(DISTINCT ledger.time_said(record, headers)) AS said
FROM ledger.rejection
WHERE partner_id = $1 AND event_id IS NOT NULL
  AND NOT EXISTS (
      SELECT FROM ledger.stored_event AS held
      WHERE NOT held.collided
        AND ledger.id_hash(held.partner_id, held.event_id) = ledger.id_hash(rejection.partner_id, rejection.event_id)
        AND held.partner_id = rejection.partner_id AND held.event_id = rejection.event_id COLLATE "C")
  AND NOT EXISTS (
      SELECT FROM ledger.stored_event AS held
      WHERE held.collided AND held.partner_id = rejection.partner_id
        AND held.event_id = rejection.event_id COLLATE "C")
GROUP BY event_id
