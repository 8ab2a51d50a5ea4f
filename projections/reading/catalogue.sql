-- The catalogue as readers follow it.

-- name: version
-- Two numbers that change whenever the catalogue does: the generation of the read models, and the revisions of all
-- partners added up.
SELECT (SELECT generation FROM control.generation) AS generation,
       (SELECT coalesce(sum(revision), 0)::bigint FROM control.catalogue_head) AS revision

-- name: heads
SELECT partner_id, revision, package_sales_end,
       (SELECT generation FROM control.generation) AS generation
FROM control.catalogue_head ORDER BY partner_id

-- name: changes
-- What changed in a partner's catalogue since a revision, in its order.
SELECT kind, happened, event_key, accepted, state FROM control.catalogue_change
WHERE partner_id = $1 AND revision > $2 AND event_key IS NOT NULL
ORDER BY revision, number

-- name: recorded
-- What had been recorded by $3 of the classes and packages with the codes $2.
SELECT kind, happened, event_key, accepted, state FROM control.catalogue_change
WHERE partner_id = $1 AND code = ANY ($2::text[]) AND recorded <= $3 AND event_key IS NOT NULL
ORDER BY revision, number
