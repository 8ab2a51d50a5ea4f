"""The contract with partners as an AsyncAPI 3 document, made from the one table of event types, and its page."""
