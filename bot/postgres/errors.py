"""PostgreSQL's refusals, as sentences with a next step.

libpq gives no SQLSTATE for a connection that failed, so these are told apart by their words.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from contextlib import contextmanager

import psycopg
from psycopg import errors

from bot.errors import (
    BaselinerError,
    ContainerChanged,
    ContainerGone,
    DatabaseUnreachable,
    EngineUnreachable,
    ToolFailed,
)

_CONNECTION_REMEDIES = (
    (r"password authentication failed", "Correct the role's password: the target's DSN, password_env or ~/.pgpass."),
    (r"no password supplied", "Give the role's password: the target's DSN, password_env or ~/.pgpass."),
    (r'role ".*" does not exist', "Create the role, or correct the user of the target's DSN."),
    (r'database ".*" does not exist', "Create the database, or correct its name in the target's DSN."),
    (r"permission denied for database", "Grant the role CONNECT on this database: GRANT CONNECT ON DATABASE … TO …."),
    (r"not currently accepting connections", "The database is closed: a swap may be under way, or was broken off."),
    (r"no pg_hba\.conf entry|pg_hba\.conf rejects", "Allow this host, role and database in the server's pg_hba.conf."),
    (r"too many (clients|connections)|remaining connection slots", "Wait for sessions to end, or raise the limit."),
    (r"starting up|shutting down|in recovery mode", "Wait until the server has started, then try again."),
    (r"Connection refused|No such file or directory", "Start the server, or correct host and port of the DSN."),
    (r"could not translate host name|Name or service not known|nodename", "Correct the host of the target's DSN."),
    (
        r"timeout expired|timed out|No route to host|unreachable",
        "Check network and firewall between this host and the server.",
    ),
    (r"SSL|certificate", "Correct sslmode and sslrootcert of the target's DSN, or the server's certificate."),
)
_CONNECTION_DEFAULT = "Try psql with the target's DSN from this host; it must connect."

_COMES_BACK = ("57P01", "57P02", "57P03", "53300")
"""admin_shutdown, crash_shutdown, cannot_connect_now, too_many_connections"""

_TOOL_REMEDIES = (
    (r"row-level security policy", "Give the backup role BYPASSRLS, or dump as the owner: ALTER ROLE … BYPASSRLS."),
    (
        r"to terminate|signal|other server processes",
        "Make the role a member of pg_signal_backend; superusers end their own.",
    ),
    (r"permission denied to create database", "Let the role create databases: ALTER ROLE … CREATEDB."),
    (r"must be owner of", "Make the role the owner of the database, or a member of its owner."),
    (r"permission denied", "Grant the backup role what it lacks; pg_read_all_data lets it read every table."),
    (
        r"closed the connection|terminating connection",
        "Read the server's log for why it ended the session, then try again.",
    ),
    (r"No space left on device", "Free space on the disk that is named, then try again."),
    (r"server version mismatch|aborting because of", "Install client tools of the server's major version."),
    (r'role ".*" does not exist', "Create the role that is named; the backup's globals.sql has its definition."),
    (r"is not available|could not open extension", "Install the extension that is named on this server."),
)


def unreachable(error: psycopg.Error, database: str) -> DatabaseUnreachable:
    """What a failed connection to `database` means."""
    said = " ".join(str(error).split()) or type(error).__name__
    remedy = _first_match(_CONNECTION_REMEDIES, said) or _CONNECTION_DEFAULT
    return DatabaseUnreachable(f"Cannot connect to the database {database!r}: {said}", remedy)


def tool_failure(tool: str, status: str, stderr: str) -> ToolFailed:
    """What a tool's bad end means: the remedy of the first known reason in what it said."""
    failure = ToolFailed(tool, status, _reason_last(stderr))
    failure.stderr = stderr
    failure.remedy = _first_match(_TOOL_REMEDIES, stderr) or failure.remedy
    return failure


def passes(error: BaseException) -> bool:
    """Whether a server that is away, or only just coming back, is the reason: it may be well in a moment."""
    reason = error if isinstance(error, psycopg.Error) else error.__cause__
    # A deploy replaces the container, or Docker is restarted.
    if isinstance(reason, (EngineUnreachable, ContainerGone, ContainerChanged)):
        return True
    return isinstance(reason, psycopg.OperationalError) and (
        reason.sqlstate is None or reason.sqlstate[:2] == "08" or reason.sqlstate in _COMES_BACK
    )


@contextmanager
def readable_errors(doing: str) -> Iterator[None]:
    """Turn psycopg's errors into ours; `doing` ends the sentence `PostgreSQL refused while …`."""
    try:
        yield
    except psycopg.Error as error:
        raise refusal(error, doing) from error


def refusal(error: psycopg.Error, doing: str) -> BaselinerError:
    said = (error.diag.message_primary or " ".join(str(error).split())) if error.diag else str(error)
    detail = f" ({error.diag.message_detail})" if error.diag and error.diag.message_detail else ""
    if isinstance(error, errors.LockNotAvailable):
        remedy = "Wait until the session that holds the lock has ended, then try again."
    elif isinstance(error, psycopg.OperationalError) and error.sqlstate is None:
        remedy = _first_match(_CONNECTION_REMEDIES, said) or "Check that the server still runs, then try again."
    else:
        remedy = _first_match(_TOOL_REMEDIES, said) or "Read the server's log for this moment."
    return DatabaseUnreachable(f"PostgreSQL refused while {doing}: {said}{detail}", remedy)


def is_about_statement(error: psycopg.Error) -> bool:
    """Rather than about the session, a deadlock, or what the server lacks: those come and go with no fault of it."""
    return error.sqlstate is not None and not error.sqlstate.startswith(("08", "40", "53", "57", "58"))


def _reason_last(stderr: str) -> str:
    """The lines of stderr, the one with the server's own error moved to the end, where ToolFailed looks."""
    lines = stderr.strip().splitlines()
    reasons = [line for line in lines if re.search(r"ERROR:|FATAL:|message from server:", line)] or [
        line for line in lines if re.search(r"\berror:", line)
    ]
    return "\n".join([*lines, *reasons[:1]])


def _first_match(remedies: tuple[tuple[str, str], ...], said: str) -> str | None:
    return next((remedy for pattern, remedy in remedies if re.search(pattern, said)), None)
