"""How things lie in PostgreSQL: tables, COPY streams, named SQL, facts and evidence as bytes.

Below the ledger and all read models; it knows none of them.
"""
