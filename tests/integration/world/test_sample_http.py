"""Fleet over HTTP."""

from collections.abc import Iterator
from typing import Any

import psycopg
import pytest

from tests.conftest import Clusters
from tests.integration.world.fleet import Fleet, small_fleet

NEW_DEVICE = {
    "hostname": "edge-router-9001",
    "site": "ber-1",
    "role": "edge-router",
    "os_version": "17.2.1",
    "management_address": "10.9.0.1",
}


@pytest.fixture(scope="module")
def running(clusters: Clusters, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Fleet]:
    with small_fleet(clusters.get(16), tmp_path_factory.mktemp("fleet")) as fleet:
        assert fleet.control("start").returncode == 0
        yield fleet


def test_devices_are_listed_found_added_changed_and_deleted(running: Fleet) -> None:
    client = running.client
    listed = client.get("/devices", params={"q": "FIREWALL", "limit": 3, "offset": 1}).json()
    assert (listed["total"], len(listed["devices"])) == (12, 3)
    assert client.get("/devices", params={"q": "%"}).json()["total"] == 0
    added = client.post("/devices", json=NEW_DEVICE)
    assert added.status_code == 201
    assert added.json()["status"] == "active"
    key = added.json()["id"]
    assert client.get(f"/devices/{key}").json() == client.get("/devices/edge-router-9001").json() == added.json()
    changed = client.patch(f"/devices/{key}", json={"os_version": "18.0.0", "facts": {"serial": "A1"}}).json()
    assert (changed["os_version"], changed["facts"]) == ("18.0.0", {"serial": "A1"})
    assert client.delete("/devices/edge-router-9001").status_code == 204
    assert client.get(f"/devices/{key}").status_code == 404
    with psycopg.connect(running.database.dsn) as connection:
        actions = connection.execute(
            "SELECT action FROM audit_log WHERE subject = %s ORDER BY number", [f"device {key}"]
        ).fetchall()
    assert actions == [("device.added",), ("device.updated",), ("device.deleted",)]


def test_a_run_checks_the_devices_of_a_site(running: Fleet) -> None:
    policy = {"policy": "snmp-01", "site": "ham-2"}
    before = running.client.get("/counts").json()
    started = running.client.post("/runs", json=policy)
    assert started.status_code == 201
    after = running.client.get("/counts").json()
    assert after["runs"] == before["runs"] + 1
    assert after["run_items"] == before["run_items"] + started.json()["items"] > before["run_items"]
    assert running.client.post("/runs", json=policy | {"policy": "none"}).status_code == 404


@pytest.mark.parametrize(
    ("method", "path", "body", "status", "words"),
    [
        ("GET", "/devices?limit=0", None, 400, "limit"),
        ("GET", "/devices?offset=x", None, 400, "offset"),
        ("GET", "/devices?sort=id", None, 400, "sort"),
        ("GET", "/devices/none", None, 404, "no such device"),
        ("GET", "/devices/99999999999999999999", None, 404, "no such device"),
        ("GET", "/devices/a%00b", None, 400, "NUL"),
        ("GET", "/nowhere", None, 404, "Not Found"),
        ("PUT", "/devices", {}, 405, "Method Not Allowed"),
        ("PATCH", "/devices/1", {}, 400, "nothing to change"),
        ("PATCH", "/devices/1", {"status": "lost"}, 400, "status"),
        ("PATCH", "/devices/1", {"id": 2}, 400, "id"),
        ("PATCH", "/devices/1", [], 400, "body"),
        ("PATCH", "/devices/1", {"facts": {"a": "\u0000"}}, 400, "refuses"),
        ("PATCH", "/devices/none", {"site": "ber-2"}, 404, "no such device"),
        ("POST", "/devices", {**NEW_DEVICE, "hostname": "Not A Name"}, 400, "hostname"),
        ("POST", "/devices", {**NEW_DEVICE, "hostname": "core-switch-0001"}, 409, "core-switch-0001"),
        ("POST", "/runs", {"policy": "x"}, 400, "site"),
        ("DELETE", "/devices/none", None, 404, "no such device"),
    ],
)
def test_bad_input_is_answered_with_what_is_wrong(
    running: Fleet, method: str, path: str, body: Any, status: int, words: str
) -> None:
    answer = running.client.request(method, path, json=body)
    assert answer.status_code == status
    assert "error" in answer.json()
    assert words in answer.text


def test_health_tells_the_revision(running: Fleet) -> None:
    answer = running.client.get("/health")
    assert answer.status_code == 200
    assert answer.json() == {"status": "ok", "revision": "0004", "database": running.database.name}
