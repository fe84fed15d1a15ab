"""The audit log, numbered by a sequence of its own"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0003"
down_revision = "0002"

NUMBERS = sa.Sequence("audit_log_numbers", start=1000)


def upgrade() -> None:
    op.execute(sa.schema.CreateSequence(NUMBERS))
    op.create_table(
        "audit_log",
        sa.Column("number", sa.BigInteger, NUMBERS, server_default=NUMBERS.next_value(), primary_key=True),
        sa.Column("happened_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("actor", sa.Text, nullable=False),
        sa.Column("action", sa.Text, nullable=False),
        sa.Column("subject", sa.Text, nullable=False),
        sa.Column("details", postgresql.JSONB, nullable=False, server_default="{}"),
    )
    op.create_index("audit_log_by_subject", "audit_log", ["subject", "happened_at"])
