"""What a closed database's later owner gets for the load, and gives back."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

import pytest
from psycopg.conninfo import make_conninfo

from bot.errors import Refused
from bot.postgres.closed import demand_own_role, lend_public, take_back_public
from bot.postgres.connection import Server
from tests.support import Database, one_major, random_name

pytestmark = one_major


@pytest.fixture
def roles(database: Database) -> Iterator[Sequence[str]]:
    """Baseliner's, which owns the database and is no superuser; two of which it is a member, and one more."""
    names = keeper, owner, other, guest = [random_name(name) for name in ("keeper", "owner", "other", "guest")]
    for statement in (
        f"CREATE ROLE {keeper} LOGIN PASSWORD 'secret'",
        f"CREATE ROLE {owner}",
        f"CREATE ROLE {other}",
        f"CREATE ROLE {guest}",
        f"GRANT {owner}, {other} TO {keeper}",
        f"ALTER DATABASE {database.name} OWNER TO {keeper}",
        f"GRANT CREATE ON DATABASE {database.name} TO {other}",
    ):
        database.cluster.execute(statement)
    yield names
    database.cluster.execute(f"ALTER DATABASE {database.name} OWNER TO postgres")
    database.cluster.execute("ALTER SCHEMA public OWNER TO pg_database_owner", database.name)
    database.cluster.execute(f"DROP OWNED BY {', '.join(names)}", database.name)
    database.cluster.execute(f"DROP ROLE {', '.join(names)}")


def test_what_was_lent_is_taken_back_whoever_owns_public_by_then(database: Database, roles: Sequence[str]) -> None:
    keeper, owner, other, _guest = roles
    server = Server(make_conninfo(database.dsn, user=keeper, password="secret"))
    may = f"SELECT has_schema_privilege('{owner}', 'public', 'CREATE')"
    with server.connect() as connection:
        lend_public(connection, owner)
        assert connection.execute(may).fetchone() == (True,)
        connection.execute(f"ALTER SCHEMA public OWNER TO {other}")
        take_back_public(connection, owner)
        assert connection.execute(may).fetchone() == (False,)


def test_an_owner_who_could_come_in_while_it_is_closed_is_refused(database: Database, roles: Sequence[str]) -> None:
    keeper, owner, _other, guest = roles
    database.cluster.execute(f"GRANT {keeper} TO {guest}")
    with Server(make_conninfo(database.dsn, user=keeper, password="secret")).connect() as connection:
        demand_own_role(connection, owner)
        with pytest.raises(Refused, match=f"logs in as {keeper}, who owns {database.name}"):
            demand_own_role(connection, keeper)
        with pytest.raises(Refused, match=rf"{guest}, who owns {database.name}, is a member of {keeper}"):
            demand_own_role(connection, guest)
