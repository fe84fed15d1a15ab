"""A view of the newest result of each device"""

from alembic import op

revision = "0004"
down_revision = "0003"


def upgrade() -> None:
    op.create_index("run_items_by_device", "run_items", ["device_id", "id"])
    op.execute("""
        CREATE VIEW device_compliance AS
        SELECT devices.id, devices.hostname, devices.site, newest.result, newest.checked_at
        FROM devices
        LEFT JOIN LATERAL (
            SELECT result, checked_at FROM run_items
            WHERE run_items.device_id = devices.id ORDER BY run_items.id DESC LIMIT 1
        ) AS newest ON true
    """)
    op.execute("COMMENT ON VIEW device_compliance IS 'What the newest check of each device found'")
