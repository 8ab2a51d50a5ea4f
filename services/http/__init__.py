"""The HTTP API: what evaluation staff and partners read (contract section 3)."""
