"""A new database that nobody but Baseliner's own role, and superusers, may connect to.

It belongs to that role until it is handed over: an owner holds every grant option, and could open it to itself.
"""

from __future__ import annotations

from psycopg import Connection, sql

from bot.errors import BaselinerError, Refused
from bot.postgres.errors import readable_errors

# From version 15 on, only its owner creates in `public`, by the role that stands for the database's owner.
_LENDS = """
    SELECT current_setting('server_version_num')::int >= 150000 AND NOT r.rolsuper AND r.rolname <> %(owner)s,
           pg_get_userbyid(n.nspowner) = 'pg_database_owner',
           (SELECT array_agg(a.privilege_type) FROM aclexplode(n.nspacl) a
            JOIN pg_catalog.pg_roles g ON g.oid = a.grantee WHERE g.rolname = %(owner)s) = ARRAY['CREATE']
    FROM pg_catalog.pg_namespace n CROSS JOIN pg_catalog.pg_roles r
    WHERE n.nspname = 'public' AND r.rolname = current_user
"""
_WHO_COMES_IN = """
    SELECT current_user, o.rolname = current_user, NOT o.rolsuper AND pg_has_role(o.oid, current_user, 'MEMBER')
    FROM pg_catalog.pg_roles o WHERE o.rolname = %s
"""


def demand_own_role(connection: Connection, owner: str) -> None:
    """Raises Refused where the live database's owner could come into a closed one, by the role that logs in here."""
    with readable_errors("asking who could connect before rows are masked"):
        role, same, member = connection.execute(_WHO_COMES_IN, [owner]).fetchone() or ("", False, False)
    if same:
        raise Refused(
            f"Baseliner logs in as {role}, who owns {connection.info.dbname}: whoever else does could read rows before "
            "they are masked.",
            "Give Baseliner a role of its own in the target's dsn, a member of the owner; baseliner doctor tells its "
            "grants.",
        )
    if member:
        raise Refused(
            f"{owner}, who owns {connection.info.dbname}, is a member of {role}, as which Baseliner logs in: it could "
            "read rows before they are masked.",
            f"REVOKE {role} FROM {owner}, or give Baseliner a role of its own.",
        )


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
        lends, lendable, _lent = connection.execute(_LENDS, {"owner": owner}).fetchone() or (False, False, None)
        if lends and lendable:
            connection.execute(sql.SQL("GRANT CREATE ON SCHEMA public TO {}").format(sql.Identifier(owner)))


def take_back_public(connection: Connection, owner: str) -> None:
    """Take back what `lend_public` gave, also where the load has given `public` to somebody else.

    One who owns the database creates in `public` all the same, unless somebody else owns that.
    """
    with readable_errors("taking back what the load needed"):
        if _has_lent(connection, owner):
            connection.execute(sql.SQL("REVOKE CREATE ON SCHEMA public FROM {}").format(sql.Identifier(owner)))
        # Whose grant it is not, PostgreSQL tells that by a warning alone.
        if _has_lent(connection, owner):
            raise BaselinerError(
                f"{owner} keeps CREATE on the schema public, which it had for the load: its owner is somebody else.",
                "Make Baseliner's role a member of the owner of the schema public.",
            )


def hand_over(connection: Connection, database: str, owner: str) -> None:
    """Give it to its owner, who may then connect; who else may is said by the grants that follow."""
    with readable_errors(f"giving {database!r} to {owner!r}"):
        _give(connection, database, owner)


def _has_lent(connection: Connection, owner: str) -> bool:
    lends, _lendable, lent = connection.execute(_LENDS, {"owner": owner}).fetchone() or (False, False, None)
    return bool(lends and lent)


def _give(connection: Connection, database: str, owner: str) -> None:
    connection.execute(sql.SQL("ALTER DATABASE {} OWNER TO {}").format(sql.Identifier(database), sql.Identifier(owner)))
