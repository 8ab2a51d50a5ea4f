"""What became different in the answers about purchased classes, for those who are told."""
