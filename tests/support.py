"""What tests of several kinds share."""

import secrets
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from typing import TypeVar

import pytest

from sandbox.cluster import Cluster
from sandbox.objects import ObjectServer

Result = TypeVar("Result")


def on_majors(*majors: int) -> pytest.MarkDecorator:
    """A test whose `postgres` is of these major versions only, instead of every one."""
    return pytest.mark.parametrize("postgres", majors, ids=[f"pg{major}" for major in majors], indirect=True)


one_major = on_majors(16)
"""For what is decided by our code and not by the server's version. What a server may do differently in each major
(dump and load of every kind of object, digests, catalogs, messages, properties of a database) runs on all of them."""


def eventually(predicate: Callable[[], Result], timeout: float = 60.0, interval: float = 0.05) -> Result:
    """The first true result of `predicate`; an AssertionError with the last one after `timeout` seconds."""
    deadline = time.monotonic() + timeout
    pause = threading.Event()
    while not (result := predicate()):
        if time.monotonic() > deadline:
            raise AssertionError(f"not within {timeout:g} s; the last answer was {result!r}")
        pause.wait(interval)
    return result


def random_name(prefix: str) -> str:
    """A name that no other test uses."""
    return f"{prefix}_{secrets.token_hex(5)}"


@dataclass(frozen=True)
class Database:
    """A database of one test's own; `dsn` is its superuser's URI over TCP."""

    name: str
    dsn: str = field(repr=False)
    cluster: Cluster


@contextmanager
def fresh_database(cluster: Cluster, prefix: str = "test") -> Iterator[Database]:
    """An empty database, dropped afterwards with every session on it."""
    name = random_name(prefix)
    dsn = cluster.create_database(name)
    try:
        yield Database(name, dsn, cluster)
    finally:
        cluster.drop_database(name)


@dataclass(frozen=True)
class Bucket:
    """An empty bucket of one test's own, and how to reach it."""

    name: str
    server: ObjectServer
    endpoint_url: str
    region: str
    access_key: str
    secret_key: str = field(repr=False)

    @property
    def environment(self) -> dict[str, str]:
        """The credentials as the variables that every AWS client reads."""
        return {
            "AWS_ACCESS_KEY_ID": self.access_key,
            "AWS_SECRET_ACCESS_KEY": self.secret_key,
            "AWS_DEFAULT_REGION": self.region,
        }
