"""Faults at moments that a seed draws, of all kinds, on real Apache Kafka and PostgreSQL under load."""
