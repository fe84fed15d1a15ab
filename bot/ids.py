"""Ids that sort by time: `20261122T101500Z-7k3f`."""

from __future__ import annotations

import random
from datetime import UTC, datetime

_ALPHABET = "23456789abcdefghjkmnpqrstuvwxyz"


def new_id(now: datetime, chance: random.Random) -> str:
    """The second, in UTC, and four characters without look-alikes."""
    suffix = "".join(chance.choices(_ALPHABET, k=4))
    return f"{now.astimezone(UTC):%Y%m%dT%H%M%SZ}-{suffix}"
