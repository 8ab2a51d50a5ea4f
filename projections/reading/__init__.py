"""The read side of the read models: queries and functions that turn rows into the contract's answers.

Everything here runs on a connection that is passed in (asyncpg's interface) and writes nothing.
"""
