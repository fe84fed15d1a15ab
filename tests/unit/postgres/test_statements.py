"""Scripts of pg_dumpall cut into statements."""

from __future__ import annotations

import pytest

from bot.postgres.statements import statements


@pytest.mark.parametrize(
    ("script", "expected"),
    [
        ("", []),
        ("-- only; a comment\n", []),
        ("CREATE ROLE a;\nALTER ROLE a;", ["CREATE ROLE a", "ALTER ROLE a"]),
        ("COMMENT ON ROLE a IS 'it''s; here'; SELECT 1", ["COMMENT ON ROLE a IS 'it''s; here'", "SELECT 1"]),
        (r"COMMENT ON ROLE a IS E'\';'; SELECT 2;", [r"COMMENT ON ROLE a IS E'\';'", "SELECT 2"]),
        ('CREATE ROLE "a;""b"; SELECT 3;', ['CREATE ROLE "a;""b"', "SELECT 3"]),
        ("DO $x$ BEGIN; END $x$; SELECT 4;", ["DO $x$ BEGIN; END $x$", "SELECT 4"]),
        ("/* a; b */ SELECT 5;", ["SELECT 5"]),
        ("/* a /* nested */ ; DELETE FROM b; */ SELECT 7", ["SELECT 7"]),
        ("DELETE/**/FROM b --/*\n; SELECT '/*', 8", ["DELETE FROM b", "SELECT '/*', 8"]),
        ("SELECT 9; /* never /* closed */ ; DELETE FROM b", ["SELECT 9", "/* never /* closed */ ; DELETE FROM b"]),
        ("SELECT a$b$; DELETE FROM c$b$", ["SELECT a$b$", "DELETE FROM c$b$"]),
        ("\\restrict abc\nSELECT 6;\n\\unrestrict abc\n", ["SELECT 6"]),
        ("COMMENT ON ROLE a IS 'x\n\\! rm -rf /\ny';", ["COMMENT ON ROLE a IS 'x\n\\! rm -rf /\ny'"]),
    ],
)
def test_statements(script: str, expected: list[str]) -> None:
    assert list(statements(script)) == expected
