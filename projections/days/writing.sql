-- Sums over time (projections/storage/tables.sql, day_block).

-- name: prepare
-- Answers whether there is something left in the temporary table.
CREATE TEMPORARY TABLE IF NOT EXISTS staged_day_block (
    kind smallint, partner_id smallint, package_code text COLLATE "C", code text COLLATE "C", block integer,
    before bytea, days bytea
) ON COMMIT DELETE ROWS;
SELECT EXISTS (SELECT FROM staged_day_block)

-- name: claim_shared
-- Who adds to what several partners share has it alone until the end of the transaction.
SELECT pg_advisory_xact_lock(727406)

-- name: clear
-- Within a transaction, which empties it at its end. TRUNCATE makes new files: in small steps that took 7 to 21 of 100
-- of PostgreSQL's time for the whole step (three pairs in alternation).
DELETE FROM staged_day_block

-- name: held
-- Some rows. OFFSET 0 keeps it one probe of the primary key a row.
SELECT held.*
FROM unnest(%(kinds)s::smallint[], %(partner_ids)s::smallint[], %(package_codes)s::text[], %(codes)s::text[],
            %(blocks)s::integer[])
  AS wanted (kind, partner_id, package_code, code, block)
CROSS JOIN LATERAL (
    SELECT kind, partner_id, package_code, code, block, before, days FROM projections.day_block AS of_place
    WHERE of_place.kind = wanted.kind AND of_place.partner_id = wanted.partner_id
      AND of_place.package_code = wanted.package_code COLLATE "C" AND of_place.code = wanted.code COLLATE "C"
      AND of_place.block = wanted.block
    OFFSET 0
) AS held

-- name: held_since
-- The rows of some sums since a block, and the one before it.
SELECT held.*
FROM unnest(%(kinds)s::smallint[], %(partner_ids)s::smallint[], %(package_codes)s::text[], %(codes)s::text[],
            %(blocks)s::integer[])
  AS wanted (kind, partner_id, package_code, code, block)
CROSS JOIN LATERAL (
    (SELECT kind, partner_id, package_code, code, block, before, days FROM projections.day_block AS of_place
     WHERE of_place.kind = wanted.kind AND of_place.partner_id = wanted.partner_id
       AND of_place.package_code = wanted.package_code COLLATE "C" AND of_place.code = wanted.code COLLATE "C"
       AND of_place.block < wanted.block
     ORDER BY of_place.block DESC LIMIT 1)
    UNION ALL
    SELECT kind, partner_id, package_code, code, block, before, days FROM projections.day_block AS of_place
    WHERE of_place.kind = wanted.kind AND of_place.partner_id = wanted.partner_id
      AND of_place.package_code = wanted.package_code COLLATE "C" AND of_place.code = wanted.code COLLATE "C"
      AND of_place.block >= wanted.block
) AS held

-- name: stage
COPY staged_day_block (kind, partner_id, package_code, code, block, before, days) FROM STDIN

-- name: write
INSERT INTO projections.day_block AS held (kind, partner_id, package_code, code, block, before, days)
SELECT kind, partner_id, package_code, code, block, before, days FROM staged_day_block
WHERE days IS NOT NULL
ORDER BY kind, partner_id, package_code, code, block
ON CONFLICT (kind, partner_id, package_code, code, block) DO UPDATE
SET before = excluded.before, days = excluded.days

-- name: remove
-- Blocks in which nothing changes any more.
DELETE FROM projections.day_block AS held USING staged_day_block AS staged
WHERE staged.days IS NULL
  AND held.kind = staged.kind AND held.partner_id = staged.partner_id AND held.package_code = staged.package_code
  AND held.code = staged.code AND held.block = staged.block

-- name: of_class
-- What each day changed of one class by itself (kinds SCOPE and SCOPE_EXACT).
SELECT kind, days FROM projections.day_block
WHERE kind IN (0, 1) AND partner_id = %(partner_id)s AND package_code = '' AND code = %(class_code)s
ORDER BY kind, block
