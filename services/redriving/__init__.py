"""Rejected records taken up again, after a mend on our side or a new mapping."""
