"""Mutated records and batches before the reader and the decoder: ``python -m tests.fuzz``."""
