-- Hints beside acceptance.

-- name: note
INSERT INTO ledger.hint AS noted (partner_id, lane_id, kind, records, kafka_offset, recorded, detail)
SELECT partner_id, lane_id, kind, records, kafka_offset,
       timestamptz 'epoch' + %(recorded)s::bigint / 1000000 * interval '1 second', detail
FROM unnest(%(partner_id)s::smallint[], %(lane_id)s::integer[], %(kind)s::text[], %(records)s::bigint[],
            %(kafka_offset)s::bigint[], %(detail)s::text[])
     AS found (partner_id, lane_id, kind, records, kafka_offset, detail)
ON CONFLICT (partner_id, lane_id, kind) DO UPDATE
SET records = noted.records + excluded.records, kafka_offset = excluded.kafka_offset, recorded = excluded.recorded,
    detail = excluded.detail
