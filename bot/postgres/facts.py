"""What a server and a database are: facts for plans, manifests and checks."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, dataclass
from typing import Any

from psycopg import Connection, sql

from bot.errors import NotFound
from bot.postgres.connection import APPLICATION_NAME
from bot.postgres.errors import readable_errors


@dataclass(frozen=True)
class ServerFacts:
    system_identifier: str
    """tells two clusters apart, even when one is a copy at another address"""
    version: str
    """such as `16.14`"""
    version_num: int
    """such as 160014"""
    in_recovery: bool

    @property
    def major(self) -> int:
        return self.version_num // 10000


@dataclass(frozen=True)
class Grant:
    """One privilege on a database; the grantee `None` is PUBLIC."""

    grantee: str | None
    privilege: str
    grantable: bool


@dataclass(frozen=True)
class DatabaseSetting:
    """One ALTER DATABASE … SET, or with a role ALTER ROLE … IN DATABASE … SET."""

    role: str | None
    name: str
    value: str


@dataclass(frozen=True)
class DatabaseFacts:
    """One row of pg_database and what hangs on it. `size` is bytes."""

    oid: int
    name: str
    owner: str
    encoding: str
    collate: str
    ctype: str
    locale_provider: str
    """`libc`, `icu` or `builtin`"""
    locale: str | None
    """of ICU or the built-in provider"""
    icu_rules: str | None
    tablespace: str
    connection_limit: int
    """-1: none"""
    allow_connections: bool
    is_template: bool
    size: int
    comment: str | None
    grants: tuple[Grant, ...]
    """always spelt out, the defaults too"""
    settings: tuple[DatabaseSetting, ...]
    extensions: Mapping[str, str] | None
    """name to version; None when read from another database"""

    def as_properties(self) -> dict[str, Any]:
        """For a manifest: what a restore carries over, as JSON values."""
        left_out = {"oid", "name", "size", "allow_connections"}
        properties = {name: value for name, value in asdict(self).items() if name not in left_out}
        return properties | {"grants": list(properties["grants"]), "settings": list(properties["settings"])}


@dataclass(frozen=True)
class Session:
    """Sessions of one application and user."""

    application_name: str
    user: str
    count: int


@dataclass(frozen=True)
class ReplicationSlot:
    name: str
    kind: str
    """`logical`: it belongs to the database; `physical`"""
    active: bool


def server_facts(connection: Connection) -> ServerFacts:
    with readable_errors("reading facts of the server"):
        row = connection.execute(
            """
            SELECT (SELECT system_identifier FROM pg_control_system())::text,
                   split_part(current_setting('server_version'), ' ', 1),
                   current_setting('server_version_num')::int, pg_is_in_recovery()
            """
        ).fetchone()
    assert row is not None  # noqa: S101 - no FROM, one row
    return ServerFacts(*row)


def database_facts(connection: Connection, database: str) -> DatabaseFacts:
    """Facts of `database`, from any connection to its server. Raises NotFound."""
    with readable_errors(f"reading facts of {database!r}"):
        # As JSON, since the columns of the locale differ by version: daticulocale up to 16, datlocale from 17.
        row = connection.execute(
            """
            SELECT to_jsonb(d), pg_get_userbyid(datdba), pg_encoding_to_char(encoding), t.spcname,
                   pg_database_size(d.oid), shobj_description(d.oid, 'pg_database')
            FROM pg_catalog.pg_database d JOIN pg_catalog.pg_tablespace t ON t.oid = d.dattablespace
            WHERE datname = %s
            """,
            (database,),
        ).fetchone()
        if row is None:
            raise NotFound(
                f"There is no database {database!r} on this server.", "Correct its name in the target's DSN."
            )
        catalog, owner, encoding, tablespace, size, comment = row
        oid = int(catalog["oid"])
        return DatabaseFacts(
            oid=oid,
            name=database,
            owner=owner,
            encoding=encoding,
            collate=catalog["datcollate"],
            ctype=catalog["datctype"],
            locale_provider={"i": "icu", "b": "builtin"}.get(catalog.get("datlocprovider", "c"), "libc"),
            locale=catalog.get("datlocale") or catalog.get("daticulocale"),
            icu_rules=catalog.get("daticurules"),
            tablespace=tablespace,
            connection_limit=catalog["datconnlimit"],
            allow_connections=catalog["datallowconn"],
            is_template=catalog["datistemplate"],
            size=size,
            comment=comment,
            grants=_grants(connection, oid),
            settings=_settings(connection, oid),
            extensions=_extensions(connection, database),
        )


def database_exists(connection: Connection, database: str) -> bool:
    with readable_errors("looking for a database"):
        row = connection.execute("SELECT FROM pg_catalog.pg_database WHERE datname = %s", (database,)).fetchone()
    return row is not None


def sessions(connection: Connection, database: str) -> list[Session]:
    """Sessions on the database that are not Baseliner's, most first."""
    with readable_errors("reading sessions"):
        rows = connection.execute(
            """
            SELECT coalesce(application_name, ''), coalesce(usename, ''), count(*)::int
            FROM pg_catalog.pg_stat_activity
            WHERE datname = %s AND application_name IS DISTINCT FROM %s
              AND backend_type NOT IN ('autovacuum worker', 'parallel worker')
            GROUP BY 1, 2 ORDER BY 3 DESC, 1, 2
            """,
            (database, APPLICATION_NAME),
        ).fetchall()
    return [Session(*row) for row in rows]


def user_tables(connection: Connection) -> list[str]:
    """Ordinary tables of the connection's database that are not an extension's, named as in a digest."""
    with readable_errors("listing tables"):
        rows = connection.execute(
            """
            SELECT format('%I.%I', n.nspname, c.relname)
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND c.relpersistence <> 't' AND n.nspname !~ '^pg_'
              AND n.nspname <> 'information_schema'
              AND NOT EXISTS (SELECT FROM pg_catalog.pg_depend d
                              WHERE d.classid = 'pg_catalog.pg_class'::regclass AND d.objid = c.oid
                                AND d.deptype = 'e')
            ORDER BY 1
            """
        ).fetchall()
    return [str(row[0]) for row in rows]


def prepared_transactions(connection: Connection, database: str) -> int:
    """Transactions prepared for two-phase commit: they survive their session and keep a database from being renamed."""
    with readable_errors("reading prepared transactions"):
        row = connection.execute(
            "SELECT count(*) FROM pg_catalog.pg_prepared_xacts WHERE database = %s", (database,)
        ).fetchone()
    return int(row[0]) if row else 0


def replication_slots(connection: Connection, database: str) -> list[ReplicationSlot]:
    """Logical slots of the database: a swap would leave them on the one set aside."""
    with readable_errors("reading replication slots"):
        rows = connection.execute(
            "SELECT slot_name, slot_type, active FROM pg_catalog.pg_replication_slots WHERE database = %s ORDER BY 1",
            (database,),
        ).fetchall()
    return [ReplicationSlot(*row) for row in rows]


def alembic_revision(connection: Connection, version_table: str = "alembic_version") -> str | None:
    """Revision in the connection's database, several heads joined by commas; None without the table or a row.

    `version_table` may be qualified with a schema; else it is looked for on the search path, then in every schema.
    """
    with readable_errors("reading the Alembic revision"):
        name = _version_table(connection, version_table)
        if name is None:
            return None
        query = sql.SQL("SELECT version_num FROM {} ORDER BY 1").format(sql.Identifier(*name))
        revisions = [str(row[0]) for row in connection.execute(query).fetchall()]
    return ",".join(revisions) or None


def estimated_dump_bytes(connection: Connection) -> int:
    """About what `pg_dump -Fc -Z0` of the connection's database will write: rows without their headers, no indexes."""
    with readable_errors("estimating the dump"):
        row = connection.execute(
            """
            SELECT coalesce(sum(greatest(pg_relation_size(c.oid) - 28 * greatest(c.reltuples, 0)::bigint, 0)
                                + coalesce(pg_relation_size(nullif(c.reltoastrelid, 0)), 0)), 0)::bigint
                   + pg_relation_size('pg_catalog.pg_largeobject')
            FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
            WHERE c.relkind = 'r' AND n.nspname !~ '^pg_' AND n.nspname <> 'information_schema'
            """
        ).fetchone()
    return int(row[0]) if row else 0


def _version_table(connection: Connection, version_table: str) -> tuple[str, str] | None:
    schema, _, table = version_table.rpartition(".")
    row = connection.execute(
        """
        SELECT n.nspname, c.relname
        FROM pg_catalog.pg_class c JOIN pg_catalog.pg_namespace n ON n.oid = c.relnamespace
        WHERE c.relkind IN ('r', 'p', 'v') AND c.relname = %(table)s AND (%(schema)s = '' OR n.nspname = %(schema)s)
        ORDER BY array_position(current_schemas(false), n.nspname), n.nspname LIMIT 1
        """,
        {"table": table, "schema": schema},
    ).fetchone()
    return (row[0], row[1]) if row else None


def _grants(connection: Connection, oid: int) -> tuple[Grant, ...]:
    rows = connection.execute(
        """
        SELECT DISTINCT CASE WHEN a.grantee = 0 THEN NULL ELSE pg_get_userbyid(a.grantee) END,
               a.privilege_type, a.is_grantable
        FROM pg_catalog.pg_database d, aclexplode(coalesce(d.datacl, acldefault('d', d.datdba))) a
        WHERE d.oid = %s ORDER BY 1, 2
        """,
        (oid,),
    ).fetchall()
    return tuple(Grant(*row) for row in rows)


def _settings(connection: Connection, oid: int) -> tuple[DatabaseSetting, ...]:
    rows: Iterable[tuple[str | None, str]] = connection.execute(
        """
        SELECT r.rolname, unnest(s.setconfig)
        FROM pg_catalog.pg_db_role_setting s LEFT JOIN pg_catalog.pg_roles r ON r.oid = s.setrole
        WHERE s.setdatabase = %s ORDER BY 1 NULLS FIRST, 2
        """,
        (oid,),
    ).fetchall()
    return tuple(DatabaseSetting(role, *text.split("=", 1)) for role, text in rows)


def _extensions(connection: Connection, database: str) -> dict[str, str] | None:
    if connection.info.dbname != database:
        return None
    rows = connection.execute("SELECT extname, extversion FROM pg_catalog.pg_extension ORDER BY 1").fetchall()
    return dict(rows)
