"""Base backups, and the WAL behind them cut at random bytes: what was acknowledged before the cut is there."""
