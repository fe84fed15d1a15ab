"""What Slack has delivered, so that a delivery that comes twice acts once."""

from __future__ import annotations

from alembic import op

revision = "0005"
down_revision = "0004"

TABLES = """
CREATE TABLE deliveries (
    key text PRIMARY KEY,
    heard_at timestamptz NOT NULL
);
CREATE INDEX deliveries_heard_at ON deliveries (heard_at);
COMMENT ON TABLE deliveries IS 'trigger ids of Slack''s payloads of the last hours: the row is what makes one act once';
"""


def upgrade() -> None:
    op.execute(TABLES)
