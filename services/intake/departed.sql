-- Which workers are connected (services/intake/departed.py).

-- name: workers
SELECT application_name FROM pg_stat_activity
WHERE datname = current_database() AND usename = current_user AND starts_with(application_name, %(named)s)
