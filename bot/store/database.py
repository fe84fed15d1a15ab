"""The state database: a pool of connections, transactions, and the lock that makes one worker of a target."""

from __future__ import annotations

from collections.abc import Generator
from contextlib import contextmanager
from typing import Any

import psycopg
from psycopg.rows import DictRow, dict_row
from psycopg_pool import ConnectionPool, PoolTimeout

from bot.errors import DatabaseUnreachable

Connection = psycopg.Connection[DictRow]
Row = dict[str, Any]


def one(cursor: psycopg.Cursor[DictRow]) -> Row:
    """The row of a statement that always gives one."""
    row = cursor.fetchone()
    if row is None:
        raise LookupError("the statement gave no row")
    return row


class StateDatabase:
    """A pool on the state database. Close it when the process ends."""

    def __init__(self, dsn: str, pool_size: int = 10) -> None:
        self._dsn = dsn
        self._pool: ConnectionPool[Connection] = ConnectionPool(
            dsn,
            connection_class=psycopg.Connection[DictRow],
            kwargs={"row_factory": dict_row, "connect_timeout": 10, "application_name": "baseliner"},
            min_size=1,
            max_size=pool_size,
            timeout=10,
            check=ConnectionPool.check_connection,
            open=False,
        )

    def open(self) -> None:
        """Connect. Raises DatabaseUnreachable."""
        try:
            self._pool.open(wait=True, timeout=10)
        except PoolTimeout as error:
            self._pool.close()
            raise _unreachable(error) from error

    def close(self) -> None:
        self._pool.close()

    @property
    def pool(self) -> ConnectionPool[Connection]:
        return self._pool

    @contextmanager
    def transaction(self) -> Generator[Connection]:
        """One transaction: committed at the end of the block, rolled back when it raises."""
        try:
            with self._pool.connection() as connection:
                yield connection
        except PoolTimeout as error:
            raise _unreachable(error) from error

    def connect(self) -> Connection:
        """A connection of its own, outside the pool, in autocommit: for locks and LISTEN."""
        return psycopg.connect(
            self._dsn, autocommit=True, row_factory=dict_row, connect_timeout=10, application_name="baseliner lock"
        )


def _unreachable(error: Exception) -> DatabaseUnreachable:
    return DatabaseUnreachable(
        f"The state database cannot be reached: {str(error).strip()}",
        "Check [state] dsn or BASELINER_STATE_DSN, and that PostgreSQL runs there.",
    )
