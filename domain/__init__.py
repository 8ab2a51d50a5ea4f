"""What Tuntas knows about training: facts, aggregates and the answer. Pure: no I/O, no clock, no environment."""
