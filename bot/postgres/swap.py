"""Two renames in one transaction put one database in the place of another."""

from __future__ import annotations

import re
import time
from enum import StrEnum

from psycopg import Connection, errors, sql

from bot.errors import Conflict, UsageError
from bot.postgres.errors import readable_errors
from bot.postgres.facts import prepared_transactions
from bot.runtime.stop import StopSignal

_NAME_BYTES = 63
_SUFFIX_LENGTH = 24
_OURS = re.compile(r".*__(?:new|old|drill)_[a-z0-9]+", re.DOTALL)
_SESSIONS_END_WITHIN = 20.0
_RENAME_ATTEMPTS = 3


class SwapState(StrEnum):
    BEFORE = "before"
    """the live database is open, the new one waits"""
    CLOSED = "closed"
    """the live database is closed, nothing is renamed yet"""
    DONE = "done"
    """the new one has the live name, the old one is aside"""
    NOTHING_TO_SWAP = "nothing_to_swap"
    """the live one stands alone"""
    UNCLEAR = "unclear"
    """none of these: a person must look"""


def scratch_name(live: str, operation_id: str) -> str:
    """Name of the database that an operation restores into, such as `inventory__new_20261122t101500z7k3f`."""
    return _derived(live, "new", operation_id)


def aside_name(live: str, operation_id: str) -> str:
    """Name under which an operation sets the old database aside."""
    return _derived(live, "old", operation_id)


def drill_name(live: str, operation_id: str) -> str:
    """Name of the database that a drill restores into on a configured server."""
    return _derived(live, "drill", operation_id)


def is_ours(name: str) -> bool:
    """Whether a database's name is one that Baseliner gives."""
    return _OURS.fullmatch(name) is not None


def swap_state(connection: Connection, live: str, new: str, aside: str) -> SwapState:
    """Where a swap stands, from the catalog alone."""
    with readable_errors("looking at the swap"):
        rows = connection.execute(
            "SELECT datname, datallowconn FROM pg_catalog.pg_database WHERE datname IN (%s, %s, %s)",
            (live, new, aside),
        ).fetchall()
    found: dict[str, bool] = dict(rows)
    if live not in found:
        return SwapState.UNCLEAR
    match (new in found, aside in found):
        case (True, False):
            return SwapState.BEFORE if found[live] else SwapState.CLOSED
        case (False, True):
            return SwapState.DONE
        case (False, False):
            return SwapState.NOTHING_TO_SWAP
    return SwapState.UNCLEAR


def swap(connection: Connection, live: str, new: str, aside: str, *, stop: StopSignal | None = None) -> None:
    """Put `new` in the place of `live`, which stays as `aside`, closed. Done already: nothing happens.

    `connection` is in neither of them, in autocommit. The new one takes over the connection limit and is open. Ends all
    sessions of both. Raises Conflict when something keeps the database, Interrupted before the renames; the live one is
    then open again. After a crash `swap_state` tells where it stands, and `swap` again or `reopen` ends it.
    """
    stop = stop or StopSignal()
    state = swap_state(connection, live, new, aside)
    if state is SwapState.DONE:
        return
    if state not in (SwapState.BEFORE, SwapState.CLOSED):
        raise Conflict(
            f"{new!r} cannot take the place of {live!r}: not both exist, or {aside!r} does.", "List the databases."
        )
    with readable_errors(f"putting {new!r} in the place of {live!r}"):
        for name in (live, new):
            _refuse_prepared(connection, name)
        try:
            _allow_connections(connection, live, allowed=False)
            _allow_connections(connection, new, allowed=False)
            _end_sessions(connection, [live, new], stop)
            _rename_both(connection, live, new, aside, stop)
        except BaseException:
            if not connection.closed:
                reopen(connection, live)
            raise


def reopen(connection: Connection, live: str) -> None:
    """Let the live database accept connections again, as after a swap that was broken off."""
    with readable_errors(f"opening {live!r}"):
        _allow_connections(connection, live, allowed=True)


def drop_database(connection: Connection, name: str, *, live: str) -> None:
    """Drop a database that Baseliner made or set aside for `live`, with its sessions; fine when there is none.

    Raises UsageError for any other name, Conflict when something keeps it.
    """
    if name == live or not is_ours(name):
        raise UsageError(f"{name!r} is not a database that Baseliner made; it is not dropped.")
    with readable_errors(f"dropping {name!r}"):
        try:
            connection.execute(sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name)))
        except errors.ObjectInUse as error:
            raise Conflict(
                f"{name!r} cannot be dropped: {error.diag.message_primary} ({error.diag.message_detail}).",
                "End its prepared transactions and drop its replication slots and subscriptions.",
            ) from error


def rename(connection: Connection, name: str, new_name: str, *, stop: StopSignal) -> None:
    """Give a database that Baseliner made its name. Ends its sessions.

    Raises Conflict when the name is taken, or somebody keeps coming back.
    """
    _end_sessions(connection, [name], stop)
    try:
        connection.execute(sql.SQL("ALTER DATABASE {} RENAME TO {}").format(*map(sql.Identifier, (name, new_name))))
    except errors.DuplicateDatabase as error:
        raise Conflict(f"A database {new_name!r} exists already.", "Ask again, with another name.") from error
    except errors.ObjectInUse as error:
        said = f"{error.diag.message_primary} ({error.diag.message_detail})."
        raise Conflict(said, "End what uses it, then ask again.") from error


def _derived(live: str, kind: str, operation_id: str) -> str:
    suffix = "".join(re.findall(r"[a-z0-9]", operation_id.lower()))[-_SUFFIX_LENGTH:]
    tail = f"__{kind}_{suffix}"
    # Cut by bytes, as PostgreSQL does, and never inside a character.
    head = live.encode()[: _NAME_BYTES - len(tail)].decode("utf-8", "ignore")
    return head + tail


def _allow_connections(connection: Connection, database: str, *, allowed: bool) -> None:
    connection.execute(
        sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS {}").format(sql.Identifier(database), sql.Literal(allowed))
    )


def _refuse_prepared(connection: Connection, database: str) -> None:
    if count := prepared_transactions(connection, database):
        raise Conflict(
            f"{database!r} has {count} prepared transaction{'s' if count > 1 else ''}; it cannot be renamed.",
            "COMMIT PREPARED or ROLLBACK PREPARED them (see pg_prepared_xacts), then try again.",
        )


def _end_sessions(connection: Connection, databases: list[str], stop: StopSignal) -> None:
    ends_at = time.monotonic() + _SESSIONS_END_WITHIN
    while True:
        # Within a transaction, the first look would be the only one.
        connection.execute("SELECT pg_stat_clear_snapshot()")
        rows = connection.execute(
            """
            SELECT pid, coalesce(application_name, ''), pg_terminate_backend(pid)
            FROM pg_catalog.pg_stat_activity
            WHERE datname = ANY(%s) AND pid <> pg_backend_pid()
              AND backend_type NOT IN ('autovacuum worker', 'parallel worker')  -- these give way by themselves
            """,
            (databases,),
        ).fetchall()
        if not rows:
            return
        if time.monotonic() > ends_at:
            kept = ", ".join(f"{name or 'no name'} (pid {pid})" for pid, name, _ in rows[:5])
            raise Conflict(f"These sessions did not end: {kept}.", "End them, then try again.")
        stop.wait(0.1)


def _rename_both(connection: Connection, live: str, new: str, aside: str, stop: StopSignal) -> None:
    """Retried, since an autovacuum worker may be on its way in."""
    for attempt in range(1, _RENAME_ATTEMPTS + 1):
        stop.check()
        try:
            with connection.transaction():
                row = connection.execute(
                    "SELECT datconnlimit FROM pg_catalog.pg_database WHERE datname = %s", (live,)
                ).fetchone()
                for old_name, new_name in ((live, aside), (new, live)):
                    connection.execute(
                        sql.SQL("ALTER DATABASE {} RENAME TO {}").format(
                            sql.Identifier(old_name), sql.Identifier(new_name)
                        )
                    )
                connection.execute(
                    sql.SQL("ALTER DATABASE {} WITH ALLOW_CONNECTIONS true CONNECTION LIMIT {}").format(
                        sql.Identifier(live), sql.Literal(int(row[0]) if row else -1)
                    )
                )
        except errors.ObjectInUse as error:
            if attempt == _RENAME_ATTEMPTS:
                raise Conflict(
                    f"{error.diag.message_primary} ({error.diag.message_detail}).", "End what uses it, then try again."
                ) from error
            _end_sessions(connection, [live, new], stop)
        else:
            return
