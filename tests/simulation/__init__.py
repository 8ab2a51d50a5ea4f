"""The real services under a seeded scheduler: which of them goes on, what breaks and when follows from the seed."""
