"""Devices"""

import sqlalchemy as sa
from alembic import op
from sqlalchemy.dialects import postgresql

revision = "0001"
down_revision = None

STATUS = postgresql.ENUM("active", "maintenance", "retired", name="device_status")
ROLES = "role IN ('edge-router', 'core-switch', 'access-switch', 'firewall', 'wireless-controller')"


def upgrade() -> None:
    op.create_table(
        "devices",
        sa.Column("id", sa.BigInteger, sa.Identity(always=True), primary_key=True),
        sa.Column("hostname", sa.Text, nullable=False, unique=True),
        sa.Column("site", sa.Text, nullable=False),
        sa.Column("role", sa.Text, sa.CheckConstraint(ROLES, name="devices_role_known"), nullable=False),
        sa.Column("os_version", sa.Text, nullable=False),
        sa.Column("management_address", postgresql.INET, nullable=False, unique=True),
        sa.Column("status", STATUS, nullable=False, server_default="active"),
        sa.Column("facts", postgresql.JSONB, nullable=False, server_default="{}"),
        sa.Column("created_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        sa.Column("updated_at", sa.DateTime(timezone=True), nullable=False, server_default=sa.func.now()),
        comment="Network devices whose configuration is held to a baseline",
    )
    op.create_index("devices_by_site", "devices", ["site", "role"])
    op.create_index("devices_by_facts", "devices", ["facts"], postgresql_using="gin")
