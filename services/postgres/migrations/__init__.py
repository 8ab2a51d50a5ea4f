"""The layout of the database, as numbered migrations; `run.migrate` applies them, `fitness.check` asks for them."""
