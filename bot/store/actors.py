"""Actors as JSON, where a row names one."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import asdict
from typing import Any

from psycopg.types.json import Jsonb

from bot.models import Actor, Surface


def to_document(actor: Actor) -> Jsonb:
    return Jsonb(asdict(actor))


def from_document(value: Mapping[str, Any]) -> Actor:
    return Actor(value["id"], value["name"], Surface(value["surface"]))
