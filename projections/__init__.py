"""Stored facts become tables, tables become answers."""
