"""What tools in a container are told, and what they are not."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.runtime.tool_place import Place, passfile_of

PLACE = Place(
    "c0ffee", "inventory-db-1", "sha256:1", "/usr/bin", frozenset({"172.18.0.3"}), {5433: 5432}, "inventory/db", "x1"
)
OURS = {
    "PGHOST": "172.18.0.3",
    "PGPORT": "6000",
    "PGUSER": "keeper",
    "PGPASSWORD": "word",
    "PGDATABASE": "inventory",
    "PGSSLMODE": "verify-full",
    "PGSSLROOTCERT": "/etc/baseliner/ca.pem",
    "HOME": "/home/baseliner",
    "LD_LIBRARY_PATH": "/opt/lib",
    "LC_ALL": "C.UTF-8",
}


def test_nothing_of_this_host_is_told() -> None:
    assert PLACE.environment(OURS) == {
        "PGHOST": "127.0.0.1",
        "PGPORT": "6000",
        "PGUSER": "keeper",
        "PGPASSWORD": "word",
        "PGDATABASE": "inventory",
        "PGSSLMODE": "prefer",
        "PGAPPNAME": "baseliner x1",
        "BASELINER_OPERATION": "x1",
        "PATH": "/usr/bin",
        "LC_ALL": "C.UTF-8",
    }


@pytest.mark.parametrize(
    ("host", "port", "inside"),
    [
        ("172.18.0.3", "5433", "5433"),
        ("db.internal", "5433", "5432"),
        ("db.internal", "5444", "5444"),
        ("db.internal,db2.internal", "5433,5433", "5432"),
        ("db.internal", "", "5432"),
    ],
)
def test_a_published_port_is_the_containers_own_inside(host: str, port: str, inside: str) -> None:
    assert PLACE.environment(OURS | {"PGHOST": host, "PGPORT": port})["PGPORT"] == inside


def test_somebody_is_always_named() -> None:
    unnamed = {name: value for name, value in OURS.items() if name != "PGUSER"}
    assert PLACE.environment(unnamed)["PGUSER"]


def test_a_password_in_a_file_is_written_as_libpq_reads_it() -> None:
    environment, line = passfile_of(replace(PLACE, owner="x2").environment(OURS | {"PGPASSWORD": "a:b\\c"}))
    assert line == "*:*:*:*:a\\:b\\\\c\n"
    assert "PGPASSWORD" not in environment
    assert passfile_of({"PGUSER": "keeper"}) == ({"PGUSER": "keeper"}, "")
