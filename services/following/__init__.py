"""A public way to write a projection of one's own over the ledger (docs/own-projections.md)."""
