"""Run by Alembic, on the connection that `bot.store.schema.upgrade` passes in."""

from __future__ import annotations

from alembic import context


def run() -> None:
    connection = context.config.attributes["connection"]
    context.configure(connection=connection, transactional_ddl=True, version_table="baseliner_schema")
    with context.begin_transaction():
        context.run_migrations()


run()
