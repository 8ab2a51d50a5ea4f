-- The catalogue of each partner, and the numbered changes by which writers and projectors follow it.

-- name: ensure_heads
-- Adds the heads of partners that have none.
INSERT INTO control.catalogue_head (partner_id, package_sales_end)
SELECT partner_id, %(package_sales_end)s::timestamptz
FROM unnest(%(partner_ids)s::smallint[]) AS partner_id
ON CONFLICT DO NOTHING

-- name: set_sales_end
-- Changes the package sales end where it differs; each change is a revision of the partner's catalogue.
WITH changed AS (
    UPDATE control.catalogue_head
    SET package_sales_end = %(package_sales_end)s::timestamptz,
        revision = revision + 1
    WHERE package_sales_end <> %(package_sales_end)s::timestamptz
    RETURNING partner_id, revision
)
INSERT INTO control.catalogue_change (partner_id, revision, kind, code)
SELECT partner_id, revision, 'sales_end', '' FROM changed

-- name: heads
-- Revision and package sales end (microseconds UTC) of some partners.
SELECT partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.catalogue_head WHERE partner_id = ANY(%(partner_ids)s)

-- name: generation_and_heads
-- Both at once; one row with the generation alone when there is no such head.
SELECT generation, partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.generation LEFT JOIN control.catalogue_head ON partner_id = ANY(%(partner_ids)s)

-- name: lock_heads
-- As heads, and keeps other writers of these partners' catalogues waiting until the end of the transaction.
SELECT partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.catalogue_head WHERE partner_id = ANY(%(partner_ids)s)
ORDER BY partner_id FOR UPDATE

-- name: classes
SELECT class_code, published FROM projections.class WHERE partner_id = %(partner_id)s

-- name: packages
SELECT package_code, published FROM projections.package WHERE partner_id = %(partner_id)s

-- name: classes_since
SELECT class_code, published FROM projections.class
WHERE partner_id = %(partner_id)s AND class_code IN (
    SELECT code FROM control.catalogue_change
    WHERE partner_id = %(partner_id)s AND revision > %(revision)s AND kind = 'class')

-- name: packages_since
SELECT package_code, published FROM projections.package
WHERE partner_id = %(partner_id)s AND package_code IN (
    SELECT code FROM control.catalogue_change
    WHERE partner_id = %(partner_id)s AND revision > %(revision)s AND kind = 'package')

-- name: upsert_class
INSERT INTO projections.class (partner_id, class_code, title, institution, published)
VALUES %s
ON CONFLICT (partner_id, class_code) DO UPDATE
SET title = excluded.title, institution = excluded.institution, published = excluded.published

-- name: upsert_package
INSERT INTO projections.package (partner_id, package_code, title, class_codes, published)
VALUES %s
ON CONFLICT (partner_id, package_code) DO UPDATE
SET title = excluded.title, class_codes = excluded.class_codes, published = excluded.published

-- name: add_revisions
UPDATE control.catalogue_head SET revision = revision + 1 WHERE partner_id = ANY(%(partner_ids)s)
RETURNING partner_id, revision

-- name: add_changes
INSERT INTO control.catalogue_change (partner_id, revision, kind, code) VALUES %s
