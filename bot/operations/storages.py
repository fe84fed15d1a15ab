"""The storages of a target: a primary one, and others that get a copy of every backup."""

from __future__ import annotations

from functools import partial

from bot.operations.context import Context
from bot.storage import Sources, Storage, open_storage
from bot.storage.encryption import identities_of


def primary_of(context: Context, target: str) -> Storage:
    """Where the target's backups are written, and committed."""
    return named(context, context.target(target).storage[0])


def copies_of(context: Context, target: str) -> dict[str, Storage]:
    """The others, by name."""
    return {name: named(context, name) for name in context.target(target).storage[1:]}


def sources_of(context: Context, target: str) -> Sources:
    """Where its backups can be read, and the private keys for those that are encrypted."""
    settings = context.target(target)
    storages = tuple(named(context, name) for name in settings.storage)
    return Sources(storages, partial(identities_of, settings.encryption, context.environment))


def object_limit_of(context: Context, target: str) -> int | None:
    """Bytes that one object may have, so that all of the target's storages can hold it."""
    limits = [named(context, name).object_limit for name in context.target(target).storage]
    return min((limit for limit in limits if limit is not None), default=None)


def named(context: Context, name: str) -> Storage:
    """The storage of this name in the settings."""
    return open_storage(context.settings.storage[name], context.environment, clock=context.clock)
