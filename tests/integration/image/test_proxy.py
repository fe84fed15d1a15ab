"""The allow-list before the Engine: what is on it passes whole, and nothing else passes."""

from __future__ import annotations

import hashlib
import io
import random
import socket
import tarfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from docker import APIClient
from docker.errors import APIError

from tests.docker_deployment import Deployment
from tests.docker_proxy import Rule, allowed_socket, documented_rules

pytestmark = pytest.mark.docker
PAYLOAD = random.Random(1).randbytes(3 << 20)  # noqa: S311 - the same in every run


@pytest.fixture
def deployment(project: Deployment) -> Deployment:
    project.add_worker(depends_on="")
    return project


@pytest.fixture
def client(deployment: Deployment) -> Iterator[APIClient]:
    """As Baseliner has it: behind the allow-list."""
    client = APIClient(deployment.engine.host, version="auto", timeout=60)
    yield client
    client.close()


def test_a_connection_that_the_engine_takes_over_passes_both_ways(deployment: Deployment, client: APIClient) -> None:
    made = client.exec_create(deployment.ids("worker")[0], ["/usr/bin/sha256sum"], stdin=True)
    streams = client.exec_start(made["Id"], socket=True)
    streams._sock.sendall(PAYLOAD)
    streams._sock.shutdown(socket.SHUT_WR)
    received = b""
    while chunk := streams._sock.recv(4096):
        received += chunk
    streams._sock.close()
    streams.close()
    assert hashlib.sha256(PAYLOAD).hexdigest().encode() in received
    assert client.exec_inspect(made["Id"])["ExitCode"] == 0


def test_a_big_upload_passes(deployment: Deployment, client: APIClient) -> None:
    buffer, entry = io.BytesIO(), tarfile.TarInfo("upload")
    entry.size = len(PAYLOAD)
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        archive.addfile(entry, io.BytesIO(PAYLOAD))
    assert client.put_archive(deployment.ids("worker")[0], "/tmp", buffer.getvalue())
    stream, _ = deployment.client.get_archive(deployment.ids("worker")[0], "/tmp/upload")
    assert PAYLOAD in b"".join(stream)


def test_what_is_not_on_the_list_is_denied_and_what_is_taken_off_it_too(
    deployment: Deployment, client: APIClient
) -> None:
    worker = deployment.ids("worker")[0]
    for call in (client.info, client.volumes, client.images, lambda: client.rename(worker, "another")):
        with pytest.raises(APIError) as caught:
            call()
        assert caught.value.response.status_code == 403
        assert "is not on the allow-list" in str(caught.value.explanation)
    with allowed_socket(deployment.engine.socket, without=[("GET", "/containers/json")]) as path:
        stricter = APIClient(f"unix://{path}", version="auto")
        assert stricter.inspect_container(worker)["State"]["Running"]
        with pytest.raises(APIError, match="is not on the allow-list"):
            stricter.containers()
        stricter.close()


def test_a_second_request_behind_an_allowed_one_never_reaches_the_engine(deployment: Deployment) -> None:
    path = deployment.engine.host.removeprefix("unix://")
    with socket.socket(socket.AF_UNIX) as raw:
        raw.connect(path)
        raw.sendall(b"GET /version HTTP/1.1\r\nHost: x\r\n\r\nGET /info HTTP/1.1\r\nHost: x\r\n\r\n")
        received = b""
        while chunk := raw.recv(4096):
            received += chunk
    assert received.count(b"HTTP/1.1 ") == 1
    assert b"ApiVersion" in received


@pytest.mark.parametrize(
    ("rule", "method", "target", "allowed"),
    [
        (Rule("", "GET", "/containers/json"), "GET", "/v1.41/containers/json?all=1", True),
        (Rule("", "GET", "/containers/json"), "POST", "/containers/json", False),
        (Rule("", "GET", "/containers/{id}/json"), "GET", "/containers/a/b/json", False),
        (Rule("", "GET", "/containers/{id}/json"), "GET", "/containers/../json", False),
        (Rule("", "GET", "/images/{name:path}/json"), "GET", "/v1.41/images/team/api:1.4/json", True),
        (Rule("", "GET", "/images/{name:path}/json"), "GET", "/images/x/../../containers/y/json", False),
        (Rule("", "DELETE", "/containers/{id}"), "DELETE", "/containers/abc?force=1", True),
        (Rule("", "DELETE", "/containers/{id}"), "DELETE", "/containersXabc", False),
    ],
)
def test_a_rule_allows_one_kind_of_call(rule: Rule, method: str, target: str, allowed: bool) -> None:
    assert rule.allows(method, target) is allowed


def test_the_table_is_read_whole_and_an_engine_that_is_away_is_told(tmp_path: Path) -> None:
    rules = documented_rules()
    assert {"GET", "POST", "PUT", "DELETE"} == {rule.method for rule in rules}
    assert len(rules) == Path("docs/security.md").read_text().count("| `/")
    with allowed_socket(tmp_path / "nobody.sock") as path, socket.socket(socket.AF_UNIX) as raw:
        raw.connect(str(path))
        raw.sendall(b"GET /version HTTP/1.1\r\n\r\n")
        assert raw.recv(4096).startswith(b"HTTP/1.1 502 ")
    assert not path.exists()
