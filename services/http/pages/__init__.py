"""Pages for evaluation staff: the API's own answers, rendered on the server. No script, nothing from elsewhere."""
