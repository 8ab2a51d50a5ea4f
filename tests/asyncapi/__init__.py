"""AsyncAPI's own parser on docs/asyncapi.json: ``python -m tests.asyncapi``."""
