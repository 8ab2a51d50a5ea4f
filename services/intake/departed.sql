-- Which workers are connected (services/intake/departed.py).

-- name: workers
SELECT split_part(application_name, ' ', -1) AS worker FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user
  AND starts_with(split_part(application_name, ' ', -1), %(named)s)
