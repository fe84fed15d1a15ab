"""Where backups lie, seen from the database: its own host is none of safety."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import BaselinerError
from bot.models import CheckState
from bot.operations.storage_checks import Network, judge_off_host
from bot.settings import DirectorySettings, S3Settings

NAMES = {
    "localhost": {"127.0.0.1", "::1"},
    "this.internal": {"10.0.0.5"},
    "db.internal": {"10.0.0.9"},
    "db-alias.internal": {"10.0.0.9"},
    "s3.example.com": {"203.0.113.7"},
}
HERE = {"127.0.0.1", "::1", "10.0.0.5"}


def addresses(host: str) -> set[str]:
    if host not in NAMES and not host[0].isdigit():
        raise BaselinerError(f"{host} has no address")
    return NAMES.get(host, {host})


NETWORK = Network(addresses, HERE.__contains__)
FOLDER = DirectorySettings(type="directory", path=Path("/srv/backups"))
AMAZON = S3Settings(type="s3", bucket="backups")


def at(endpoint: str) -> S3Settings:
    return S3Settings(type="s3", bucket="backups", endpoint=endpoint)


@pytest.mark.parametrize(
    ("storage", "hosts", "beside"),
    [
        (FOLDER, [""], True),
        (FOLDER, ["/run/postgresql"], True),
        (FOLDER, ["localhost"], True),
        (FOLDER, ["this.internal"], True),
        (FOLDER, ["db.internal"], False),
        (FOLDER, ["db.internal", "localhost"], True),
        (AMAZON, ["localhost"], False),
        (at("https://s3.example.com"), ["db.internal"], False),
        (at("https://s3.example.com"), ["localhost"], False),
        (at("http://localhost:9000"), [""], True),
        (at("http://127.0.0.1:9000"), ["this.internal"], True),
        (at("http://this.internal:9000"), ["localhost"], True),
        (at("http://db-alias.internal:9000"), ["db.internal"], True),
        (at("http://10.0.0.9:9000"), ["db.internal"], True),
        (at("http://localhost:9000"), ["db.internal"], False),
    ],
)
def test_what_lies_on_the_databases_own_host_is_named(
    storage: S3Settings | DirectorySettings, hosts: list[str], beside: bool
) -> None:
    check = judge_off_host({"offsite": storage}, hosts, NETWORK)
    assert check.state is (CheckState.WARNING if beside else CheckState.PASSED)
    assert ("on the database's own host (offsite)" in check.summary) is beside
    assert bool(check.remedy) is beside


def test_one_storage_elsewhere_is_enough() -> None:
    check = judge_off_host({"local": FOLDER, "offsite": AMAZON}, ["localhost"], NETWORK)
    assert (check.state, check.summary) == (
        CheckState.PASSED,
        "in offsite; local: on the database's own host",
    )


def test_a_name_without_an_address_is_told() -> None:
    with pytest.raises(BaselinerError, match=r"gone\.example has no address"):
        judge_off_host({"offsite": at("https://gone.example")}, ["localhost"], NETWORK)
