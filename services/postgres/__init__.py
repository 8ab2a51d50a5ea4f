"""PostgreSQL through psycopg2: connections, the ledger and the lane recorder."""
