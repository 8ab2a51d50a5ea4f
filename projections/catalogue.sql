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
INSERT INTO control.catalogue_change (partner_id, revision, number, kind, code)
SELECT partner_id, revision, 0, 'sales_end', '' FROM changed

-- name: heads
-- Revision and package sales end (microseconds UTC) of some partners.
SELECT partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.catalogue_head WHERE partner_id = ANY(%(partner_ids)s)

-- name: lock_heads
-- As heads, and keeps other writers of these partners' catalogues waiting until the end of the transaction.
SELECT partner_id, revision, (extract(epoch FROM package_sales_end) * 1000000)::bigint
FROM control.catalogue_head WHERE partner_id = ANY(%(partner_ids)s)
ORDER BY partner_id FOR UPDATE

-- name: changes
-- What changed in a partner's catalogue behind one revision and up to another, in its order.
SELECT kind, (extract(epoch FROM happened) * 1000000)::bigint, event_key, accepted, state
FROM control.catalogue_change
WHERE partner_id = %(partner_id)s AND revision > %(behind)s AND revision <= %(upto)s AND event_key IS NOT NULL
ORDER BY revision, number

-- name: upsert_class
INSERT INTO projections.class (partner_id, class_code, title, institution)
VALUES %s
ON CONFLICT (partner_id, class_code) DO UPDATE
SET title = excluded.title, institution = excluded.institution
WHERE (class.title, class.institution) IS DISTINCT FROM (excluded.title, excluded.institution)

-- name: upsert_package
INSERT INTO projections.package (partner_id, package_code, title, class_codes)
VALUES %s
ON CONFLICT (partner_id, package_code) DO UPDATE
SET title = excluded.title, class_codes = excluded.class_codes

-- name: delete_packages
-- Packages of which no publication stands any more.
DELETE FROM projections.package WHERE partner_id = %(partner_id)s AND package_code = ANY (%(package_codes)s::text[])

-- name: add_revisions
UPDATE control.catalogue_head SET revision = revision + 1 WHERE partner_id = ANY(%(partner_ids)s)
RETURNING partner_id, revision

-- name: add_changes
INSERT INTO control.catalogue_change (
    partner_id, revision, number, kind, code, happened, recorded, event_key, accepted, state
) VALUES %s

-- name: add_early_withdrawals
-- Of several withdrawals of one event the earliest stands.
INSERT INTO control.early_withdrawal AS known (partner_id, target_key, happened) VALUES %s
ON CONFLICT (partner_id, target_key) DO UPDATE SET happened = least(known.happened, excluded.happened)

-- name: early_withdrawals
-- Those of some events that were withdrawn before they arrived, with when.
SELECT target_key, (extract(epoch FROM happened) * 1000000)::bigint
FROM control.early_withdrawal
WHERE partner_id = %(partner_id)s AND target_key = ANY (%(target_keys)s::bigint[])
