"""What alembic runs: all missing revisions, on the connection and in the transaction of `warehouse.source_tables`."""

from alembic import context

given = context.config.attributes

context.configure(
    connection=given["connection"], version_table=given["version_table"], version_table_schema=given["schema"]
)
context.run_migrations()
