"""The outside: Kafka, PostgreSQL, HTTP, the command line, settings and wiring."""
