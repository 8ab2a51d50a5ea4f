"""Deliberate defects, kept as data, and that each of them turns some suite red."""
