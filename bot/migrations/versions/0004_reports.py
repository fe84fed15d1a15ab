"""Daily reports, and exports of the audit log's head."""

from __future__ import annotations

from alembic import op

revision = "0004"
down_revision = "0003"

TABLES = """
CREATE TABLE reports (
    day date PRIMARY KEY,
    made_at timestamptz NOT NULL,
    document jsonb
);
COMMENT ON TABLE reports IS 'one daily report a day of its time zone: the row is what makes it one';
COMMENT ON COLUMN reports.document IS 'as it was posted; NULL: that day only began the count';

CREATE TABLE audit_exports (
    target text PRIMARY KEY,
    storage text NOT NULL,
    ran_at timestamptz NOT NULL,
    head jsonb,
    problem text NOT NULL
);
COMMENT ON TABLE audit_exports IS 'the last export of the audit log''s head to each target''s first storage';
"""


def upgrade() -> None:
    op.execute(TABLES)
