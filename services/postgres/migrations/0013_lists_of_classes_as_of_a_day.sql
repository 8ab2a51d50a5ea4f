-- Rows of what days changed in classes and packages also hold what lists show of everything before them, and are of fewer days, so
-- that lists as of a day read one row of each. The project service follows the ledger once more from its beginning; rows answer
-- until it has.
-- kind: expand
-- runs: in one transaction
-- takes: seconds; nobody waits but the project service

-- name: follow_from_the_beginning
DELETE FROM projections.day_block;
DELETE FROM projections.midnight;
DELETE FROM projections.day_place;
DELETE FROM projections.day_lane;
DELETE FROM projections.day_partner;
