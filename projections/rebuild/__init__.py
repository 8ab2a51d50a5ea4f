"""All read models made anew from the ledger, beside the live ones."""
