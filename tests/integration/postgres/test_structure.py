"""pg_amcheck, of Debian's PostgreSQL 15, which has the extension that the wheel's servers lack."""

from __future__ import annotations

from bot.postgres.scratch import check_structure
from bot.runtime.stop import StopSignal
from tests.integration.postgres.engine import Engine
from tests.support import Database, on_majors

BACKWARDS = (
    "CREATE FUNCTION order_of(int, int) RETURNS int LANGUAGE sql IMMUTABLE STRICT AS 'SELECT sign($1 - $2)::int'",
    "CREATE OPERATOR CLASS fickle FOR TYPE int USING btree AS OPERATOR 1 <, OPERATOR 2 <=, OPERATOR 3 =,"
    " OPERATOR 4 >=, OPERATOR 5 >, FUNCTION 1 order_of(int, int)",
    "CREATE TABLE numbers AS SELECT generate_series(1, 500) AS n",
    "CREATE INDEX numbers_n ON numbers (n fickle)",
)
"""An index by an order that is turned round afterwards, as a changed collation does it."""


@on_majors(15)
def test_an_index_out_of_order_is_found(engine: Engine, database: Database) -> None:
    tools = engine.tools
    engine.execute(*BACKWARDS)
    assert check_structure(tools, engine.server, database.name, stop=StopSignal()) == ""
    engine.execute(
        "CREATE OR REPLACE FUNCTION order_of(int, int) RETURNS int"
        " LANGUAGE sql IMMUTABLE STRICT AS 'SELECT sign($2 - $1)::int'"
    )
    found = check_structure(tools, engine.server, database.name, stop=StopSignal())
    assert found is not None
    assert "numbers_n" in found
