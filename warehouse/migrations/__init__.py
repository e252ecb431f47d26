"""The tables that the API keeps in the source's PostgreSQL, as alembic revisions in plain SQL, run by `migrate`."""
