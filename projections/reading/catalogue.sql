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

-- name: classes
SELECT class_code, published FROM projections.class WHERE partner_id = $1

-- name: packages
SELECT package_code, published FROM projections.package WHERE partner_id = $1

-- name: classes_since
-- What was published since a revision of the partner's catalogue.
SELECT class_code, published FROM projections.class
WHERE partner_id = $1 AND class_code IN (
    SELECT code FROM control.catalogue_change
    WHERE partner_id = $1 AND revision > $2 AND kind = 'class')

-- name: packages_since
SELECT package_code, published FROM projections.package
WHERE partner_id = $1 AND package_code IN (
    SELECT code FROM control.catalogue_change
    WHERE partner_id = $1 AND revision > $2 AND kind = 'package')
