"""Policies, and the runs which check devices against them"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0002"
down_revision = "0001"

RESULT = postgresql.ENUM("compliant", "drifted", "unreachable", name="check_result")
SEVERITIES = "severity IN ('low', 'medium', 'high', 'critical')"
STATES = "state IN ('running', 'finished', 'cancelled')"


def upgrade() -> None:
    op.create_table(
        "policies",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("name", sa.Text, nullable=False, unique=True),
        sa.Column("severity", sa.Text, sa.CheckConstraint(SEVERITIES, name="policies_severity_known"), nullable=False),
        sa.Column("rules", postgresql.JSONB, nullable=False),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
    )
    op.create_table(
        "runs",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("policy_id", sa.BigInteger, sa.ForeignKey("policies.id"), nullable=False, index=True),
        sa.Column("requested_by", sa.Text, nullable=False),
        sa.Column("state", sa.Text, sa.CheckConstraint(STATES, name="runs_state_known"), nullable=False),
        sa.Column("started_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("finished_at", sa.DateTime(timezone=True)),
        sa.CheckConstraint("finished_at >= started_at", name="runs_finish_after_start"),
    )
    op.create_table(
        "run_items",
        sa.Column("id", sa.BigInteger, sa.Identity(), primary_key=True),
        sa.Column("run_id", sa.BigInteger, sa.ForeignKey("runs.id", ondelete="CASCADE"), nullable=False),
        sa.Column("device_id", sa.BigInteger, sa.ForeignKey("devices.id", ondelete="CASCADE"), nullable=False),
        sa.Column("result", RESULT, nullable=False),
        sa.Column("findings", postgresql.JSONB, nullable=False, server_default="[]"),
        sa.Column("duration_ms", sa.Integer, nullable=False),
        sa.Column("checked_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.UniqueConstraint("run_id", "device_id", name="run_items_once_a_run"),
    )
