"""What the Docker SDK raises, as people read it."""

from __future__ import annotations

import pytest
import requests
from docker.errors import DockerException, create_api_error_from_http_exception

from bot.errors import ContainerChanged, ContainerGone, EngineDenied, EngineFailed, EngineUnreachable
from bot.runtime.docker_errors import api_call, told

HOST = "unix:///var/run/docker.sock"
BASE = "http+docker://localhost/v1.41"


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        (f"{BASE}/containers/json?all=1", "GET /containers/json"),
        (f"{BASE}/containers/create?name=x", "GET /containers/create"),
        (f"{BASE}/containers/2f1e9c/json", "GET /containers/{id}/json"),
        (f"{BASE}/containers/inventory-api-1", "GET /containers/{id}"),
        (f"{BASE}/images/registry.internal:5000/a/b:1/json", "GET /images/{id}/json"),
        (f"{BASE}/exec/2f1e9c/start", "GET /exec/{id}/start"),
        ("https://10.0.0.5:2376/version", "GET /version"),
    ],
)
def test_a_call_is_named_whoever_it_is_for(url: str, expected: str) -> None:
    assert api_call("get", url) == expected


def answered(status: int, said: str) -> EngineFailed:
    response = requests.Response()
    response.status_code, response._content = status, said.encode()
    response.request = requests.Request("POST", f"{BASE}/containers/2f1e/start").prepare()
    response.url = str(response.request.url)
    with pytest.raises(DockerException) as caught:
        create_api_error_from_http_exception(requests.exceptions.HTTPError("no", response=response))
    return told(caught.value, HOST)


@pytest.mark.parametrize(
    ("status", "said", "kind", "message"),
    [
        (403, "<h1>Forbidden</h1>", EngineDenied, "denied POST /containers/{id}/start (403: <h1>Forbidden</h1>)"),
        (404, '{"message": "No such container: 2f1e"}', ContainerGone, "No such container: 2f1e"),
        (404, '{"message": "No such image: a:1"}', EngineFailed, "failed (404): No such image: a:1"),
        (409, '{"message": "Container 2f1e is paused"}', ContainerChanged, "Container 2f1e is paused"),
        (500, '{"message": "port is already allocated"}', EngineFailed, "failed (500): port is already allocated"),
        (503, "", EngineUnreachable, "The Docker Engine behind unix:///var/run/docker.sock does not answer"),
    ],
)
def test_an_answer_is_told_by_what_it_means(status: int, said: str, kind: type[EngineFailed], message: str) -> None:
    error = answered(status, said)
    assert type(error) is kind
    assert message in str(error)
    assert error.remedy


def test_a_socket_that_may_not_be_opened_says_who_may() -> None:
    error = told(PermissionError(13, "Permission denied"), HOST)
    assert isinstance(error, EngineUnreachable)
    assert str(error) == "The Docker Engine at unix:///var/run/docker.sock does not answer: Permission denied."
    assert "add it to the group docker" in error.remedy


def test_what_broke_off_is_found_among_its_causes() -> None:
    wrapped = requests.exceptions.ConnectionError(("Connection aborted.", ConnectionResetError(104, "reset by peer")))
    wrapped.__cause__ = ConnectionResetError(104, "Connection reset by peer")
    assert str(told(wrapped, HOST)).endswith("does not answer: Connection reset by peer.")
    assert isinstance(told(requests.exceptions.ReadTimeout("read timed out"), HOST), EngineUnreachable)
