"""Read models: stored events to tables to answers."""
