"""A restore of single tables: what its card and its result say in the places where it replaces nothing."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.text import code, number, plural

_SHOWN = 12


def beside(body: Mapping[str, Any]) -> str:
    """What comes, and that nothing else happens."""
    side = body["side"]
    lines = [f"• {code(name, 100)}: {plural(rows, 'row')}" for name, rows in list(side["tables"].items())[:_SHOWN]]
    if len(side["tables"]) > _SHOWN:
        lines.append(f"• and {number(len(side['tables']) - _SHOWN)} more")
    told = f"*Comes beside*, into the schema {code(side['schema'])} of {code(body['database'])}"
    return "\n".join([told, *lines, "Nothing is replaced, no service stops, no session is closed."])


def side_fields(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What came of it."""
    schema, names = result["side_schema"], list(result["only"].values())
    copies = ", ".join(code(f"{schema}.{name}", 120) for name in names[:_SHOWN])
    return [
        ("Taken from", code(result["backup_id"])),
        (
            "Verified",
            f"{plural(result['rows'], 'row')} in {plural(result['tables'], 'table')}: equal to the manifest’s",
        ),
        ("Tables", copies + (" and others" if len(names) > _SHOWN else "")),
        ("When done with it", code(f"DROP SCHEMA {schema} CASCADE")),
    ]
