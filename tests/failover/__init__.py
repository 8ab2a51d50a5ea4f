"""Kafka and PostgreSQL on several nodes each, whose leaders are killed under load."""
