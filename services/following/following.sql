-- What followers of the ledger read of it.

-- name: lanes
-- The lanes of Kafka's topic partitions, of some partners; not those of applications on the same ledger.
SELECT lane_id, log_id, topic, partition, partner_id, first_offset, next_offset, high_water, position, epoch,
       accepted, duplicate, rejected, skipped, unknown_fields
FROM ledger.lane
WHERE partner_id = ANY (%(partner_ids)s::smallint[]) AND log_id <> %(application_log)s
ORDER BY lane_id
