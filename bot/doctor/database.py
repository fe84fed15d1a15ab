"""A target's database as Baseliner's role sees it: reached, allowed to do its work, without known faults."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import datetime

from psycopg import Connection, sql
from psycopg.conninfo import conninfo_to_dict

from bot.clock import Clock
from bot.doctor.allowed import denied_calls, said_of
from bot.doctor.examination import Line
from bot.doctor.fixes import lacking, out_of_support
from bot.doctor.skew import judge_skew
from bot.doctor.tool_login import LATER, demand_login
from bot.errors import DatabaseUnreachable, EngineFailed, ToolFailed, ToolMissing
from bot.models import Check
from bot.operations.scratch import drill_server
from bot.operations.scratch_places import choose_scratch, version_in_image
from bot.operations.staging import staged
from bot.operations.tooling import open_tools
from bot.postgres.connection import Server, server_of
from bot.postgres.errors import readable_errors
from bot.postgres.facts import ServerFacts, server_facts
from bot.runtime.stop import StopSignal
from bot.settings import Staging, TargetSettings

CONNECTION = Line("database", "The database can be reached")
READS = Line("reads", "The role reads every row")
MONITORS = Line("monitors", "The role sees sessions, log shipping and replication")
CREATES = Line("creates", "The role makes databases")
RENAMES = Line("renames", "The role renames the database")
SIGNALS = Line("signals", "The role ends sessions before a swap")
VERSION = Line("server_version", "The server has the known fixes")
TOOLS = Line("tools", "PostgreSQL's tools fit the server")
DRILLS = Line("drills", "A drill has where to restore to")
CLOCK = Line("database_clock", "The server's clock is right")

_ROLE = """
    SELECT current_user, r.rolsuper, r.rolbypassrls, r.rolcreatedb, pg_get_userbyid(d.datdba),
           pg_has_role(d.datdba, 'USAGE'), pg_has_role('pg_monitor', 'USAGE'), pg_has_role('pg_signal_backend', 'USAGE')
    FROM pg_catalog.pg_roles r, pg_catalog.pg_database d
    WHERE r.rolname = current_user AND d.datname = current_database()
"""
_UNREAD = """
    SELECT format('%I.%I', n.nspname, c.relname), row_security_active(c.oid)
    FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
    WHERE c.relkind IN ('r', 'p', 'm', 'S') AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
      AND (NOT has_schema_privilege(n.oid, 'USAGE') OR NOT has_table_privilege(c.oid, 'SELECT')
           OR row_security_active(c.oid))
    ORDER BY 1
"""


def look_at_database(settings: TargetSettings, environment: Mapping[str, str], clock: Clock) -> Sequence[Check]:
    """Raises DatabaseUnreachable."""
    server = server_of(settings, environment)
    with server.connect() as connection, readable_errors("examining the role"):
        facts = server_facts(connection)
        return [
            _reached(connection, server, facts),
            *_privileges(connection, settings),
            _version(facts, clock.now()),
            _clock(connection, clock),
        ]


def look_at_tools(
    settings: TargetSettings, staging: Staging, environment: Mapping[str, str], owner: str, stop: StopSignal
) -> Check:
    """Where they would run, after one has asked the server for nothing and the Engine for what it would need later.

    Raises DatabaseUnreachable, ToolMissing, ToolFailed, EngineFailed.
    """
    server = server_of(settings, environment)
    with server.connect() as connection:
        major = server_facts(connection).major
    with staged(staging, owner, 0), open_tools(settings, staging, owner, server, major, stop=stop) as tools:
        demand_login(tools, server, owner, stop)
        missing = lacking(tools.version)
        said = f"pg_dump and pg_restore {tools.version}, by {tools.mode}"
        if tools.mode == "container" and settings.docker is not None:
            denied = denied_calls(settings.docker, LATER, owner)
            if denied:
                return TOOLS.failed(*said_of(denied))
    if tools.bin_dir is not None:
        said += f", in {tools.bin_dir}"
    if missing:
        return TOOLS.warning(f"{said}, without a fix: {'; '.join(missing)}", f"Update the client tools of {major}.")
    return TOOLS.passed(said)


def look_at_drill(
    settings: TargetSettings, staging: Staging, environment: Mapping[str, str], owner: str, stop: StopSignal
) -> Check:
    """Where a drill would restore to.

    Raises DatabaseUnreachable; ToolMissing, ToolFailed, EngineFailed where drills are scheduled.
    """
    if settings.drill.dsn is not None:
        with drill_server(settings, environment).maintenance() as connection:
            return DRILLS.passed(f"on a server of its own, PostgreSQL {server_facts(connection).version}")
    with server_of(settings, environment).connect() as connection:
        major = server_facts(connection).major
    try:
        return DRILLS.passed(_own_server(settings, staging, major, owner, stop))
    except (ToolMissing, ToolFailed, EngineFailed) as error:
        if settings.drill.schedule is not None:
            raise
        return DRILLS.warning(str(error), error.remedy)


def _own_server(settings: TargetSettings, staging: Staging, major: int, owner: str, stop: StopSignal) -> str:
    choice = choose_scratch(settings, staging, major)
    if choice.here is not None:
        return f"in a cluster of its own, by {choice.here.programs}"
    assert choice.shared is not None  # noqa: S101 - it is one or the other
    said = version_in_image(settings, staging, owner, choice.shared, stop=stop)
    return f"in a container of its own, of the database's image: {said}"


def _reached(connection: Connection, server: Server, facts: ServerFacts) -> Check:
    options = conninfo_to_dict(server.dsn)
    where = options.get("host") or options.get("hostaddr") or "this host"
    said = f"{server.database} on {where}, PostgreSQL {facts.version}, as {connection.info.user}"
    if facts.in_recovery:
        return CONNECTION.warning(
            f"{said}; it is a standby, which can be backed up but not restored", "Point the target at the primary."
        )
    return CONNECTION.passed(said)


def _privileges(connection: Connection, settings: TargetSettings) -> Iterator[Check]:
    row = connection.execute(_ROLE).fetchone()
    if row is None:
        raise DatabaseUnreachable("The role is not in pg_roles.", "Connect as a role that exists.")
    role, superuser, bypasses, creates, owner, owns, monitors, signals = row
    named = sql.Identifier(role).as_string(connection)
    yield _reads(connection, named, knows_all=superuser or bypasses)
    if superuser or creates:
        yield CREATES.passed("superuser" if superuser else "CREATEDB")
    else:
        yield CREATES.failed("restores need a new database", f"ALTER ROLE {named} CREATEDB;")
    if owns:
        yield RENAMES.passed(f"owned by {owner}")
    else:
        grant = f"GRANT {sql.Identifier(owner).as_string(connection)} TO {named};"
        yield RENAMES.failed(f"{owner} owns it, and the role is no member: restores cannot swap", grant)
    if signals:
        yield SIGNALS.passed("superuser" if superuser else "pg_signal_backend")
    else:
        yield SIGNALS.failed("a swap ends other roles' sessions", f"GRANT pg_signal_backend TO {named};")
    if monitors:
        yield MONITORS.passed("superuser" if superuser else "pg_monitor")
    else:
        judged = MONITORS.failed if settings.log_shipping else MONITORS.warning
        yield judged("what others do cannot be seen in full", f"GRANT pg_monitor TO {named};")


def _reads(connection: Connection, role: str, *, knows_all: bool) -> Check:
    rows: Sequence[tuple[str, bool]] = connection.execute(_UNREAD).fetchall()
    hidden, unread = [name for name, secured in rows if secured], [name for name, secured in rows if not secured]
    if unread:
        said = f"{len(unread)} table(s) cannot be read, such as {unread[0]}: a backup would fail"
        return READS.failed(said, f"GRANT pg_read_all_data TO {role};")
    if hidden:
        said = f"row security hides rows of {len(hidden)} table(s), such as {hidden[0]}: a backup would fail"
        return READS.failed(said, f"ALTER ROLE {role} BYPASSRLS;")
    if not knows_all:
        said = "every table today; a policy of tomorrow would fail the backup"
        return READS.warning(said, f"ALTER ROLE {role} BYPASSRLS;")
    return READS.passed("every table, whatever row security says")


def _version(facts: ServerFacts, now: datetime) -> Check:
    missing = lacking(facts.version)
    if out_of_support(facts.major, now.date()):
        return VERSION.warning(
            f"PostgreSQL {facts.major} gets no fixes any more", f"Move to a newer major version than {facts.major}."
        )
    if missing:
        return VERSION.warning(f"{facts.version} is without a fix: {'; '.join(missing)}", "Install the newest minor.")
    return VERSION.passed(facts.version)


def _clock(connection: Connection, clock: Clock) -> Check:
    before = clock.now()
    row = connection.execute("SELECT clock_timestamp()").fetchone()
    return judge_skew(CLOCK, before, row[0] if row else None, clock.now())
