"""What a restored database needs, read from the script of its definitions."""

from __future__ import annotations

import pytest

from bot.postgres.needs import Needs, needs_of_database, needs_of_script


def needs(roles: str = "", extensions: str = "", tablespaces: str = "") -> Needs:
    return Needs(*(frozenset(filter(None, names.split(","))) for names in (roles, extensions, tablespaces)))


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("ALTER TABLE public.devices OWNER TO fleet_app;", needs("fleet_app")),
        ('ALTER TABLE public."x; y" OWNER TO "Odd ""role""; x";', needs('Odd "role"; x')),
        ("GRANT SELECT ON TABLE public.devices TO reader;", needs("reader")),
        ('GRANT ALL ON SCHEMA public TO "b c" WITH GRANT OPTION;', needs("b c")),
        ("REVOKE ALL ON SCHEMA public FROM PUBLIC;", needs()),
        ("ALTER DEFAULT PRIVILEGES FOR ROLE a IN SCHEMA s GRANT SELECT ON TABLES TO b;", needs("a,b")),
        ("CREATE EXTENSION IF NOT EXISTS pg_trgm WITH SCHEMA public;", needs("", "pg_trgm")),
        ('CREATE EXTENSION IF NOT EXISTS "uuid-ossp" WITH SCHEMA public;', needs("", "uuid-ossp")),
        ("SET default_tablespace = fast;", needs("", "", "fast")),
        ("SET default_tablespace = '';", needs()),
        ("CREATE FUNCTION f() AS $$\nALTER TABLE x OWNER TO nobody;\nGRANT a TO b;\n$$;", needs()),
        ("COMMENT ON TABLE x IS 'ALTER TABLE y OWNER TO z;';", needs()),
        ("-- GRANT a TO b;\nSELECT 1;", needs()),
    ],
)
def test_roles_extensions_and_tablespaces_are_read(script: str, expected: Needs) -> None:
    assert needs_of_script(script) == expected


def test_a_database_has_needs_of_its_own() -> None:
    found = needs_of_database(
        {
            "owner": "fleet_app",
            "grants": [{"grantee": None}, {"grantee": "reader"}],
            "settings": [{"role": "batch"}, {"role": None}],
            "extensions": {"plpgsql": "1.0"},
        }
    )
    assert found == needs("fleet_app,reader,batch", "plpgsql", "pg_default")
