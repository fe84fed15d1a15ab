"""Cancelling, proof by drills, pins, removals by retention, pauses of schedules."""

from __future__ import annotations

from alembic import op

revision = "0002"
down_revision = "0001"

TABLES = """
ALTER TABLE operations ADD COLUMN cancel_asked_by jsonb;
COMMENT ON COLUMN operations.cancel_asked_by IS 'who asked the worker to cancel it: id, name, surface';

ALTER TABLE backups
    ADD COLUMN verified_by text,
    ADD COLUMN restore_seconds double precision,
    ADD COLUMN removed_at timestamptz,
    ADD COLUMN removed_why text;
COMMENT ON COLUMN backups.verified_by IS 'the drill that restored it and compared every digest';
COMMENT ON COLUMN backups.restore_seconds IS 'how long that drill took to restore it';
COMMENT ON COLUMN backups.removed_at IS 'when retention removed it from storage; the row stays as history';

CREATE TABLE pins (
    backup_id text PRIMARY KEY REFERENCES backups,
    reason text NOT NULL,
    pinned_by jsonb NOT NULL,
    pinned_at timestamptz NOT NULL
);

CREATE TABLE schedule_pauses (
    target text NOT NULL,
    schedule text NOT NULL DEFAULT 'backup',
    reason text NOT NULL,
    paused_by jsonb NOT NULL,
    paused_at timestamptz NOT NULL,
    PRIMARY KEY (target, schedule)
);
COMMENT ON TABLE schedule_pauses IS 'a row stands while the schedule is paused; the audit log has the past';
"""


def upgrade() -> None:
    op.execute(TABLES)
