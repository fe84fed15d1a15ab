"""A backup that comes to another place than its own: what its card and its result say of that."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from handlers.text import code, plural


def origin(body: Mapping[str, Any]) -> list[str]:
    """Whose data come and what is done to them; nothing where a target gets its own back, as they are."""
    source = body.get("source")
    if source is None or (source["masking"] is None and source["target"] == body["target"]):
        return []
    if source["masking"] is None:
        return [f"⚠️ *Nothing is masked*: the rows of {code(source['target'])} come as they are"]
    return [
        f"*Masked* by {plural(source['statements'], 'statement')} of {code(source['masking'], 200)} before anybody can "
        f"connect; the rows are of {code(source['target'])}"
    ]


def copied(body: Mapping[str, Any]) -> str:
    """That nothing else happens."""
    return (
        f"*Comes beside*, as the new database {code(body['new_database'], 100)} on the server of "
        f"{code(body['database'], 100)}\nNothing is replaced, no service stops, no session is closed."
    )


def copy_fields(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """What came of a restore under a new name."""
    told = f"{plural(result['rows'], 'row')} in {plural(result['tables'], 'table')}: equal to the manifest’s"
    return [
        ("New database", code(result["new_database"], 100)),
        ("Taken from", code(result["backup_id"])),
        ("Verified", told),
        *origin_fields(result),
    ]


def origin_fields(result: Mapping[str, Any]) -> list[tuple[str, str]]:
    """Whose data came and what was done to them; nothing where a target got its own back."""
    if "source" not in result:
        return []
    masked = result["masked"]
    return [("Data of", f"{code(result['source'])}, {plural(masked, 'statement')} masked them" if masked else
             f"{code(result['source'])}, not masked")]  # fmt: skip
