"""Targets, operations with their steps, plans, approvals, backups, windows, alerts, messages, audit."""

from __future__ import annotations

from alembic import op

revision = "0001"
down_revision = None

TABLES = """
CREATE TABLE targets (
    name text PRIMARY KEY,
    database text NOT NULL,
    system_identifier text NOT NULL,
    server_version text NOT NULL,
    database_bytes bigint NOT NULL,
    first_seen timestamptz NOT NULL,
    last_seen timestamptz NOT NULL
);

CREATE TABLE operations (
    id text PRIMARY KEY,
    kind text NOT NULL,
    target text NOT NULL,
    state text NOT NULL,
    requester_id text NOT NULL,
    requester_name text NOT NULL,
    requester_surface text NOT NULL,
    reason text NOT NULL DEFAULT '',
    channel text,
    parameters jsonb NOT NULL DEFAULT '{}',
    result jsonb NOT NULL DEFAULT '{}',
    failure jsonb,
    progress jsonb,
    memory jsonb NOT NULL DEFAULT '{}',
    plan_hash text,
    version bigint NOT NULL DEFAULT 1,
    attempt integer NOT NULL DEFAULT 0,
    scheduled_for timestamptz,
    created_at timestamptz NOT NULL,
    started_at timestamptz,
    finished_at timestamptz,
    UNIQUE (target, kind, scheduled_for)
);
COMMENT ON COLUMN operations.memory IS 'what the running job must find again after a crash';
COMMENT ON COLUMN operations.attempt IS 'fencing token: a worker writes only while its attempt is the newest';
CREATE INDEX operations_by_target ON operations (target, created_at DESC);
CREATE INDEX operations_under_way ON operations (state)
    WHERE state IN ('planning', 'awaiting_approval', 'queued', 'running');

CREATE TABLE steps (
    operation_id text NOT NULL REFERENCES operations ON DELETE CASCADE,
    position integer NOT NULL,
    name text NOT NULL,
    title text NOT NULL,
    state text NOT NULL DEFAULT 'pending',
    started_at timestamptz,
    finished_at timestamptz,
    detail text NOT NULL DEFAULT '',
    PRIMARY KEY (operation_id, position),
    UNIQUE (operation_id, name)
);

CREATE TABLE plans (
    operation_id text PRIMARY KEY REFERENCES operations ON DELETE CASCADE,
    hash text NOT NULL,
    canonical text NOT NULL,
    created_at timestamptz NOT NULL,
    expires_at timestamptz NOT NULL,
    required_approvals integer NOT NULL DEFAULT 1 CHECK (required_approvals >= 1)
);

CREATE TABLE approvals (
    operation_id text NOT NULL REFERENCES operations ON DELETE CASCADE,
    plan_hash text NOT NULL,
    person_id text NOT NULL,
    person_name text NOT NULL,
    surface text NOT NULL,
    decision text NOT NULL,
    comment text NOT NULL DEFAULT '',
    decided_at timestamptz NOT NULL,
    PRIMARY KEY (operation_id, person_id)
);

CREATE TABLE backups (
    id text PRIMARY KEY,
    target text NOT NULL,
    kind text NOT NULL,
    operation_id text,
    storage text NOT NULL,
    location text NOT NULL,
    taken_at timestamptz NOT NULL,
    manifest_sha256 text NOT NULL,
    manifest jsonb NOT NULL,
    verified_at timestamptz,
    recorded_at timestamptz NOT NULL
);
CREATE INDEX backups_by_target ON backups (target, taken_at DESC);

CREATE TABLE windows (
    id text PRIMARY KEY,
    target text NOT NULL,
    starts_at timestamptz NOT NULL,
    ends_at timestamptz NOT NULL CHECK (ends_at > starts_at),
    reason text NOT NULL,
    state text NOT NULL,
    announced_by_id text NOT NULL,
    announced_by_name text NOT NULL,
    announced_by_surface text NOT NULL,
    channel text,
    version bigint NOT NULL DEFAULT 1,
    created_at timestamptz NOT NULL
);
CREATE INDEX windows_to_come ON windows (starts_at) WHERE state IN ('scheduled', 'open');

CREATE TABLE sweeps (
    target text PRIMARY KEY,
    checked_at timestamptz NOT NULL,
    checks jsonb NOT NULL
);

CREATE TABLE alerts (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    target text NOT NULL,
    condition text NOT NULL,
    title text NOT NULL,
    summary text NOT NULL,
    remedy text NOT NULL,
    severity text NOT NULL,
    opened_at timestamptz NOT NULL,
    resolved_at timestamptz,
    version bigint NOT NULL DEFAULT 1
);
CREATE UNIQUE INDEX one_open_alert ON alerts (target, condition) WHERE resolved_at IS NULL;

CREATE TABLE messages (
    id bigint GENERATED ALWAYS AS IDENTITY PRIMARY KEY,
    subject text NOT NULL,
    subject_id text NOT NULL,
    detail text NOT NULL DEFAULT '',
    channel text NOT NULL,
    thread_of bigint REFERENCES messages,
    ts text,
    drawn_version bigint NOT NULL DEFAULT 0,
    wanted_version bigint NOT NULL DEFAULT 1,
    urgent boolean NOT NULL DEFAULT true,
    drawn_at timestamptz,
    not_before timestamptz NOT NULL,
    problem text NOT NULL DEFAULT '',
    UNIQUE (subject, subject_id, detail, channel)
);
COMMENT ON TABLE messages IS 'wanted in Slack: what is drawn, where it stands, which version it shows';
CREATE INDEX messages_to_draw ON messages (not_before) WHERE wanted_version > drawn_version;

CREATE TABLE audit (
    position bigint PRIMARY KEY,
    entry text NOT NULL,
    previous_hash text NOT NULL,
    hash text NOT NULL UNIQUE
);
COMMENT ON COLUMN audit.entry IS 'canonical JSON; hash is SHA-256 of previous_hash, a newline, and this text';
"""

TRIGGERS = """
CREATE FUNCTION tell_publisher() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    PERFORM pg_notify('baseliner_messages', '');
    RETURN NULL;
END $$;
CREATE TRIGGER messages_changed AFTER INSERT OR UPDATE OF wanted_version ON messages
    FOR EACH STATEMENT EXECUTE FUNCTION tell_publisher();

CREATE FUNCTION refuse_rewriting() RETURNS trigger LANGUAGE plpgsql AS $$
BEGIN
    RAISE EXCEPTION 'the audit log is append-only';
END $$;
CREATE TRIGGER audit_is_append_only BEFORE UPDATE OR DELETE OR TRUNCATE ON audit
    FOR EACH STATEMENT EXECUTE FUNCTION refuse_rewriting();
"""


def upgrade() -> None:
    op.execute(TABLES)
    op.execute(TRIGGERS)
