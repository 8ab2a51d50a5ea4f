"""The rows of participants: what each purchased class and each purchase comes to."""
