"""Alembic for the bot's own tables. Forward only: downgrades are not offered."""
