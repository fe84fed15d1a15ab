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
    ADD COLUMN removed_why text,
    ADD COLUMN purged_at timestamptz;
COMMENT ON COLUMN backups.verified_by IS 'the drill that restored it and compared every digest';
COMMENT ON COLUMN backups.restore_seconds IS 'how long that drill took to restore it';
COMMENT ON COLUMN backups.removed_at IS 'when retention took it out of the catalog; the row stays';
COMMENT ON COLUMN backups.purged_at IS 'when storage was rid of it; NULL after removed_at: a later run finishes';
CREATE INDEX backups_to_purge ON backups (target) WHERE removed_at IS NOT NULL AND purged_at IS NULL;

CREATE TABLE prunes (
    target text PRIMARY KEY,
    ran_at timestamptz NOT NULL,
    removed integer NOT NULL,
    missing jsonb NOT NULL,
    problem text NOT NULL
);
COMMENT ON TABLE prunes IS 'the last run of retention for each target';
COMMENT ON COLUMN prunes.missing IS 'backups that the catalog has and storage lacks';
COMMENT ON COLUMN prunes.problem IS 'why it could not do its work; empty where it could';

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

CREATE TABLE schedule_fires (
    target text NOT NULL,
    schedule text NOT NULL,
    definition text NOT NULL,
    heard_until timestamptz NOT NULL,
    held timestamptz,
    PRIMARY KEY (target, schedule)
);
COMMENT ON COLUMN schedule_fires.definition IS 'cron and time zone; fires of another definition were never missed';
COMMENT ON COLUMN schedule_fires.heard_until IS 'every fire up to here was acted on, skipped, or fell into a pause';
COMMENT ON COLUMN schedule_fires.held IS 'the fire that waits for the end of a maintenance window';
"""


def upgrade() -> None:
    op.execute(TABLES)
