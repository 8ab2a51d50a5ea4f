"""Kafka as Tuntas uses it: partners' topics are read, partners' and rejection topics are written."""
