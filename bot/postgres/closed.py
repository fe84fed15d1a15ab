"""A new database that nobody but Baseliner's own role, and superusers, may connect to.

It belongs to that role until it is handed over: an owner holds every grant option, and could open it to itself.
"""

from __future__ import annotations

from psycopg import Connection, sql

from bot.postgres.errors import readable_errors

# From version 15 on, only its owner creates in `public`, by the role that stands for the database's owner.
_LENDABLE = """
    SELECT pg_get_userbyid(n.nspowner) = 'pg_database_owner' AND NOT r.rolsuper AND r.rolname <> %(owner)s,
           (SELECT array_agg(a.privilege_type) FROM aclexplode(n.nspacl) a
            JOIN pg_catalog.pg_roles g ON g.oid = a.grantee WHERE g.rolname = %(owner)s) = ARRAY['CREATE']
    FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.pg_roles r
    WHERE n.nspname = 'public' AND r.rolname = current_user
"""


def prepare_owner(connection: Connection, database: str, owner: str) -> None:
    """Give the later owner what its objects need in a load, and no way in. `connection` is in autocommit.

    Raises psycopg's error where the database could not be handed over later.
    """
    with connection.transaction(force_rollback=True):
        _give(connection, database, owner)
    connection.execute(
        sql.SQL("GRANT CREATE ON DATABASE {} TO {}").format(sql.Identifier(database), sql.Identifier(owner))
    )


def lend_public(connection: Connection, owner: str) -> None:
    """Let tables in `public` be given to the later owner by a role that is no superuser, as if it owned the database.

    `connection` is in the new database, before the load.
    """
    with readable_errors("granting what the load needs"):
        lendable, _lent = connection.execute(_LENDABLE, {"owner": owner}).fetchone() or (False, None)
        if lendable:
            connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(owner)))


def take_back_public(connection: Connection, owner: str) -> None:
    """Take back what `lend_public` gave. One who owns the database creates in `public` all the same."""
    with readable_errors("taking back what the load needed"):
        lendable, lent = connection.execute(_LENDABLE, {"owner": owner}).fetchone() or (False, None)
        if lendable and lent:
            connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}").format(sql.Identifier(owner)))


def hand_over(connection: Connection, database: str, owner: str) -> None:
    """Give it to its owner, who may then connect; who else may is said by the grants that follow."""
    with readable_errors(f"giving {database!r} to {owner!r}"):
        _give(connection, database, owner)


def _give(connection: Connection, database: str, owner: str) -> None:
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(owner)))
