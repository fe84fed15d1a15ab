"""The team that owns a device, and drift by day for the reports"""

import sqlalchemy as sa
from alembic import op

revision = "0005"
down_revision = "0004"


def upgrade() -> None:
    op.add_column("devices", sa.Column("owner_team", sa.Text))
    op.execute("UPDATE devices SET owner_team = 'network-' || split_part(site, '-', 1)")
    op.alter_column("devices", "owner_team", nullable=False, server_default="network")
    op.create_index("run_items_drifted", "run_items", ["checked_at"], postgresql_where=sa.text("result = 'drifted'"))
