"""Partners' running numbers, and what is missing in them."""
