"""The season's evaluation as a report, for people who would rather look than read."""
