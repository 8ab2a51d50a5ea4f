-- Hints beside acceptance, added up over lanes.

-- name: hints
SELECT DISTINCT ON (noted.partner_id, kind)
       noted.partner_id, kind, (sum(records) OVER (PARTITION BY noted.partner_id, kind))::bigint AS records, detail,
       topic, partition, kafka_offset, recorded
FROM ledger.hint AS noted JOIN ledger.lane USING (lane_id)
WHERE noted.partner_id = ANY ($1::smallint[])
ORDER BY noted.partner_id, kind, recorded DESC, lane_id DESC
