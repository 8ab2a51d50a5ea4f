-- Hints beside acceptance.

-- name: note
INSERT INTO ledger.hint AS noted (partner_id, lane_id, kind, records, kafka_offset, recorded, detail)
VALUES (%(partner_id)s, %(lane_id)s, %(kind)s, %(records)s, %(kafka_offset)s,
        timestamptz 'epoch' + %(recorded)s::bigint / 1000000 * interval '1 second', %(detail)s)
ON CONFLICT (partner_id, lane_id, kind) DO UPDATE
SET records = noted.records + excluded.records, kafka_offset = excluded.kafka_offset, recorded = excluded.recorded,
    detail = excluded.detail
