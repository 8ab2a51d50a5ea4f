-- Rejected records that are taken up again (contract section 4, `tuntas redrive`).

-- name: waiting
-- The next rejections that can be taken up again, in the order in which they were rejected: of these partners, for this
-- reason, recorded since then, behind the last. What was kept is the whole record, nothing under its id was accepted
-- since, it was not taken up before, and it is not what was sent when another one was; with "again" it may be that.
SELECT rejection.partner_id, rejection.lane_id, rejection.kafka_offset, rejection.recorded, rejection.reason,
       lane.topic, lane.partition, rejection.record_key, rejection.headers, rejection.record
FROM ledger.rejection JOIN ledger.lane USING (partner_id, lane_id)
WHERE rejection.partner_id = ANY (%(partner_ids)s)
  AND (%(reason)s::text IS NULL OR rejection.reason = %(reason)s)
  AND rejection.recorded >= %(since)s
  AND (rejection.recorded, rejection.lane_id, rejection.kafka_offset)
      > (%(recorded)s::timestamptz, %(lane_id)s, %(kafka_offset)s)
  AND rejection.reason <> 'corrupt_record'
  AND rejection.record_size > 0 AND octet_length(rejection.record) = rejection.record_size
  AND NOT ledger.accepted_after(rejection.partner_id, rejection.event_id, rejection.recorded,
                                rejection.lane_id, rejection.kafka_offset)
  AND NOT EXISTS (
      SELECT FROM ledger.redriven AS before
      WHERE before.partner_id = rejection.partner_id AND before.lane_id = rejection.lane_id
        AND before.kafka_offset = rejection.kafka_offset)
  AND (%(again)s OR NOT EXISTS (
      SELECT FROM ledger.redriven AS origin JOIN ledger.lane AS own
          ON own.partner_id = origin.partner_id AND own.lane_id = origin.lane_id
      WHERE origin.partner_id = rejection.partner_id AND origin.sent_partition = lane.partition
        AND origin.sent_offset = rejection.kafka_offset AND own.topic = lane.topic AND own.log_id = lane.log_id))
ORDER BY rejection.recorded, rejection.lane_id, rejection.kafka_offset
LIMIT %(limit)s

-- name: take
-- Notes that a record is taken up, before it is sent: so it is never sent twice. No row: another one was faster.
INSERT INTO ledger.redriven (partner_id, lane_id, kafka_offset, redriven)
VALUES (%(partner_id)s, %(lane_id)s, %(kafka_offset)s, now())
ON CONFLICT DO NOTHING
RETURNING kafka_offset

-- name: sent
-- Where Kafka put it.
UPDATE ledger.redriven SET sent_partition = %(partition)s, sent_offset = %(offset)s
WHERE partner_id = %(partner_id)s AND lane_id = %(lane_id)s AND kafka_offset = %(kafka_offset)s

-- name: outcome
-- What became of the record at one place of the log that is read now: null where it was not read yet.
SELECT CASE
    WHEN lane.next_offset <= %(offset)s THEN NULL
    WHEN rejection.reason IS NOT NULL THEN rejection.reason
    WHEN duplicate.kafka_offset IS NOT NULL THEN 'duplicate'
    ELSE 'accepted' END
FROM ledger.lane
LEFT JOIN ledger.rejection ON rejection.partner_id = lane.partner_id AND rejection.lane_id = lane.lane_id
                              AND rejection.kafka_offset = %(offset)s
LEFT JOIN ledger.duplicate ON duplicate.partner_id = lane.partner_id AND duplicate.lane_id = lane.lane_id
                              AND duplicate.kafka_offset = %(offset)s
WHERE lane.topic = %(topic)s AND lane.partition = %(partition)s
ORDER BY lane.lane_id DESC LIMIT 1
