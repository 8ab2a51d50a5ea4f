-- Records that were refused because a national id stood in them keep none of it: no bytes, key, event id or sentence
-- about them. What is kept is where the record lay, its size and the reason.
-- kind: expand
-- runs: in chunks of 5000
-- takes: some seconds for each million rejections; nobody waits for more than a chunk, and only for the rows in it

-- name: total
SELECT count(*) FROM ledger.rejection;

-- name: chunk
WITH looked_at AS MATERIALIZED (
    SELECT partner_id, lane_id, kafka_offset, reason
    FROM ledger.rejection
    WHERE (partner_id, lane_id, kafka_offset)
          > (coalesce(($1::jsonb ->> 0)::smallint, -1::smallint), coalesce(($1::jsonb ->> 1)::integer, 0),
             coalesce(($1::jsonb ->> 2)::bigint, 0))
    ORDER BY partner_id, lane_id, kafka_offset
    LIMIT $2
), cleared AS (
    UPDATE ledger.rejection
    SET detail = 'A national id stands where an identifier is expected: send the participant''s pseudonym in its place.',
        event_id = NULL, record_key = NULL, record = ''
    FROM looked_at
    WHERE rejection.partner_id = looked_at.partner_id AND rejection.lane_id = looked_at.lane_id
      AND rejection.kafka_offset = looked_at.kafka_offset AND looked_at.reason = 'personal_data'
)
SELECT (SELECT jsonb_build_array(partner_id, lane_id, kafka_offset)
        FROM looked_at ORDER BY partner_id DESC, lane_id DESC, kafka_offset DESC LIMIT 1),
       (SELECT count(*) FROM looked_at);
