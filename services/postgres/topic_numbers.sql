-- name: topic_numbers
-- Under which numbers topics are stored.
SELECT name, topic_id FROM ledger.topic WHERE name = ANY (%(topics)s::text[])

-- name: number_topics
-- Notes the numbers of topics that are new.
INSERT INTO ledger.topic (topic_id, name)
SELECT topic_id, name
FROM unnest(%(numbers)s::smallint[], %(topics)s::text[]) AS wanted (topic_id, name)
ORDER BY topic_id
ON CONFLICT DO NOTHING
