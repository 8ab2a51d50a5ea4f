-- Purchased classes: one person's, and lists in order of (partner_id, class_code, participant_id).
-- Rows with class_code '' hold what belongs to no known class.

-- name: of_participant
-- Every class of one participant, at one partner when $2 is given, with the version of the catalogue beside them.
SELECT partner_id, class_code, evidence,
       (SELECT generation FROM control.generation) AS generation,
       (SELECT coalesce(sum(revision), 0)::bigint FROM control.catalogue_head) AS revision
FROM projections.purchased_class
WHERE participant_id = $1 AND ($2::smallint IS NULL OR partner_id = $2) AND class_code > ''
ORDER BY partner_id, class_code

-- name: of_partner
-- The next $4 rows of one partner behind (class_code, participant_id) = ($2, $3). The filters speak of the columns as
-- they were judged last: purchase states, completion, assessment, flag bit, package, earliest purchase from and before.
SELECT class_code, participant_id, evidence
FROM projections.purchased_class
WHERE partner_id = $1 AND (class_code, participant_id) > ($2, $3)
  AND ($5::smallint[] IS NULL OR purchase = ANY ($5))
  AND ($6::smallint IS NULL OR completion = $6)
  AND ($7::smallint IS NULL OR assessment = $7)
  AND ($8::smallint IS NULL OR flags & $8 <> 0)
  AND ($9::text IS NULL OR $9 = ANY (package_codes))
  AND ($10::timestamptz IS NULL OR purchased_at >= $10)
  AND ($11::timestamptz IS NULL OR purchased_at < $11)
ORDER BY class_code, participant_id
LIMIT $4

-- name: of_class
-- As of_partner, within the one class $2.
SELECT class_code, participant_id, evidence
FROM projections.purchased_class
WHERE partner_id = $1 AND class_code = $2 AND participant_id > $3
  AND ($5::smallint[] IS NULL OR purchase = ANY ($5))
  AND ($6::smallint IS NULL OR completion = $6)
  AND ($7::smallint IS NULL OR assessment = $7)
  AND ($8::smallint IS NULL OR flags & $8 <> 0)
  AND ($9::text IS NULL OR $9 = ANY (package_codes))
  AND ($10::timestamptz IS NULL OR purchased_at >= $10)
  AND ($11::timestamptz IS NULL OR purchased_at < $11)
ORDER BY participant_id
LIMIT $4
