"""Evaluations kept as sums."""
