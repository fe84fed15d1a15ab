"""The last run of retention for each target."""

from __future__ import annotations

from psycopg.types.json import Jsonb

from bot.models import Prune
from bot.store.database import Connection


def record(connection: Connection, prune: Prune) -> None:
    connection.execute(
        """INSERT INTO prunes (target, ran_at, removed, missing, problem) VALUES (%s, %s, %s, %s, %s)
           ON CONFLICT (target) DO UPDATE SET ran_at = EXCLUDED.ran_at, removed = EXCLUDED.removed,
             missing = EXCLUDED.missing, problem = EXCLUDED.problem""",
        (prune.target, prune.ran_at, prune.removed, Jsonb(list(prune.missing)), prune.problem),
    )


def last(connection: Connection, target: str) -> Prune | None:
    row = connection.execute("SELECT * FROM prunes WHERE target = %s", (target,)).fetchone()
    if row is None:
        return None
    return Prune(row["target"], row["ran_at"], row["removed"], tuple(row["missing"]), row["problem"])
