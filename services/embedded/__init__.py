"""Servers that an embedded run starts and stops by itself: PostgreSQL and a Kafka broker."""
