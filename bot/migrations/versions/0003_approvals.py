"""What allowed an approval, its withdrawal, the one reminder of a plan."""

from __future__ import annotations

from alembic import op

revision = "0003"
down_revision = "0002"

TABLES = """
ALTER TABLE approvals
    ADD COLUMN allowed_by text NOT NULL DEFAULT '',
    ADD COLUMN withdrawn_at timestamptz;
COMMENT ON COLUMN approvals.allowed_by IS 'the entry of the settings that allowed it then: a user id or a usergroup id';

ALTER TABLE plans ADD COLUMN reminded_at timestamptz;
COMMENT ON COLUMN plans.reminded_at IS 'when the approvers were reminded, which happens once';
"""


def upgrade() -> None:
    op.execute(TABLES)
