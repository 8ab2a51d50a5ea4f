"""Evaluations over time, kept as what each day changed in them."""
