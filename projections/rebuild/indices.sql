-- Indices and the constraints that they hold up.

-- name: indices
-- Of some tables of a schema: table, name, what makes it, and the kind of constraint it holds up (null: none).
SELECT of_table.relname, of_index.relname, pg_get_indexdef(pg_index.indexrelid),
       CASE pg_constraint.contype WHEN 'p' THEN 'PRIMARY KEY' WHEN 'u' THEN 'UNIQUE' END
FROM pg_index
JOIN pg_class AS of_table ON of_table.oid = pg_index.indrelid
JOIN pg_class AS of_index ON of_index.oid = pg_index.indexrelid
LEFT JOIN pg_constraint ON pg_constraint.conindid = pg_index.indexrelid AND pg_constraint.contype IN ('p', 'u')
WHERE of_table.relnamespace = %(schema)s::regnamespace AND of_table.relname = ANY(%(tables)s::text[])
ORDER BY array_position(%(tables)s::text[], of_table.relname::text), pg_index.indexrelid
