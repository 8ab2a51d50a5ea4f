-- What the sums over time follow: events lane by lane, and catalogues.

-- name: claim
-- One process at a time follows a partner; another one skips its turn.
SELECT pg_try_advisory_xact_lock(727405, %(partner_id)s)

-- name: claim_all
-- As claim, of all partners, but waits for each.
SELECT pg_advisory_xact_lock(727405, partner_id)
FROM (SELECT partner_id FROM unnest(%(partner_ids)s::integer[]) AS every (partner_id) ORDER BY partner_id) AS in_order

-- name: behind
-- Partners whose events or catalogue are not all followed, those first of which most waits.
SELECT partner_id
FROM (
    SELECT lane.partner_id, sum(lane.position - coalesce(followed.position, 0)) AS waiting
    FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
    GROUP BY lane.partner_id
    UNION ALL
    SELECT partner_id, head.revision - coalesce(followed.revision, -1)
    FROM control.catalogue_head AS head LEFT JOIN projections.day_partner AS followed USING (partner_id)
) AS of_partners
WHERE waiting > 0
GROUP BY partner_id ORDER BY sum(waiting) DESC, partner_id

-- name: lanes
-- The lanes of a partner, how far each is followed and how far it goes.
SELECT lane.lane_id, coalesce(followed.position, 0), lane.position
FROM ledger.lane LEFT JOIN projections.day_lane AS followed USING (partner_id, lane_id)
WHERE lane.partner_id = %(partner_id)s
ORDER BY lane.lane_id

-- name: rules
-- The revision of its catalogue by which a partner is summed, and the package sales end (microseconds UTC).
SELECT revision, package_sales_end FROM projections.day_partner WHERE partner_id = %(partner_id)s

-- name: put_rules
INSERT INTO projections.day_partner (partner_id, revision, package_sales_end)
VALUES (%(partner_id)s, %(revision)s, %(package_sales_end)s)
ON CONFLICT (partner_id) DO UPDATE
SET revision = excluded.revision, package_sales_end = excluded.package_sales_end

-- name: events
-- What some lanes say of participants from one position to another. OFFSET 0 keeps it one look into the ledger a lane.
SELECT event.person, event.topic, (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state,
       event.block
FROM unnest(%(lane_ids)s::integer[], %(seen)s::bigint[], %(upto)s::bigint[]) AS step (lane_id, seen, upto)
CROSS JOIN LATERAL (
    SELECT person, topic, happened, event_id, state, block FROM ledger.event
    WHERE event.block BETWEEN ledger.block(step.lane_id, step.seen) AND ledger.block(step.lane_id, step.upto)
      AND event.position > step.seen AND event.position <= step.upto
    OFFSET 0
) AS event
WHERE event.person <> 0

-- name: followed_to
INSERT INTO projections.day_lane (partner_id, lane_id, position)
SELECT %(partner_id)s, lane_id, position
FROM unnest(%(lane_ids)s::integer[], %(upto)s::bigint[]) AS step (lane_id, position)
ON CONFLICT (partner_id, lane_id) DO UPDATE SET position = excluded.position

-- name: load
-- All that lanes said of some participants up to where they are followed. One probe of an index a participant.
SELECT event.person, (SELECT name FROM ledger.topic WHERE topic.topic_id = event.topic_id),
       (extract(epoch FROM event.happened) * 1000000)::bigint, event.event_id, event.state
FROM unnest(%(persons)s::bigint[]) AS wanted (person)
CROSS JOIN LATERAL (
    SELECT person, topic_id, happened, event_id, state, place FROM ledger.stored_event
    WHERE stored_event.person = wanted.person AND partner_id = %(partner_id)s
    OFFSET 0
) AS event
JOIN unnest(%(lane_ids)s::integer[], %(seen)s::bigint[]) AS lane (lane_id, seen)
  ON lane.lane_id = event.place >> 40 AND event.place & (1::bigint << 40) - 1 <= lane.seen

-- name: add_midnights
INSERT INTO projections.midnight (partner_id, day)
SELECT %(partner_id)s, day FROM unnest(%(days)s::integer[]) AS beside (day)
ON CONFLICT DO NOTHING

-- name: add_places
INSERT INTO projections.day_place AS held (partner_id, day, blocks)
SELECT %(partner_id)s, day, array_agg(block ORDER BY block)
FROM unnest(%(days)s::integer[], %(blocks)s::bigint[]) AS place (day, block)
GROUP BY day
ORDER BY day
ON CONFLICT (partner_id, day) DO UPDATE
SET blocks = ARRAY(SELECT DISTINCT block FROM unnest(held.blocks || excluded.blocks) AS either (block) ORDER BY block)

-- name: changed
-- What changed in a partner's catalogue between two revisions: kind, code, and since when it matters (microseconds UTC).
SELECT kind, code, coalesce((extract(epoch FROM happened) * 1000000)::bigint, 0)
FROM control.catalogue_change
WHERE partner_id = %(partner_id)s AND revision > %(behind)s AND revision <= %(upto)s

-- name: buyers_of_classes
-- Who has any evidence of some classes.
SELECT DISTINCT person
FROM unnest(%(class_codes)s::text[]) AS wanted (class_code)
CROSS JOIN LATERAL (
    SELECT person FROM projections.purchased_class
    WHERE partner_id = %(partner_id)s AND purchased_class.class_code = wanted.class_code COLLATE "C"
    OFFSET 0
) AS of_class

-- name: buyers_of_packages
-- Who has a purchase in which one of some packages has a say; null: any package.
SELECT DISTINCT person FROM projections.purchase
WHERE partner_id = %(partner_id)s
  AND CASE WHEN %(packages)s::text[] IS NULL THEN package_code IS NOT NULL OR packages IS NOT NULL
           ELSE package_code = ANY (%(packages)s::text[]) OR packages && %(packages)s::text[] END
