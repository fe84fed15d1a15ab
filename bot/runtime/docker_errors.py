"""What the Docker SDK raises, told for people."""

from __future__ import annotations

import re
from collections.abc import Iterator
from http import HTTPStatus
from urllib.parse import urlsplit

from docker.errors import APIError, DockerException, ImageNotFound, TLSParameterError

from bot.errors import ContainerChanged, ContainerGone, EngineDenied, EngineFailed, EngineUnreachable

_VERSION = re.compile(r"^/v\d+(\.\d+)+")
_NAMED = re.compile(r"^/(containers|images|exec|networks|volumes)/(?!json$|create$|prune$)(.+?)(?=/[a-z]+$|$)")
_DENIED = (HTTPStatus.UNAUTHORIZED, HTTPStatus.FORBIDDEN, HTTPStatus.METHOD_NOT_ALLOWED)


def told(error: Exception, host: str) -> EngineFailed:
    """The same, as one of our errors."""
    api = next((cause for cause in _causes(error) if isinstance(cause, APIError)), None)
    if api is not None and api.response is not None:
        return _of_answer(api, host)
    if isinstance(error, TLSParameterError):
        return EngineFailed(f"The TLS files of [docker] cannot be used: {error}", "Correct tls_ca, tls_cert, tls_key.")
    if isinstance(error, DockerException) and error.__cause__ is None:
        return EngineFailed(f"The Docker Engine at {host} cannot be used: {error}", "Read what it says.")
    return _unreachable(error, host)


def api_call(method: str, url: str) -> str:
    """Such as `POST /containers/{id}/stop`, of any version, whoever it is for."""
    path = _VERSION.sub("", urlsplit(url).path)
    return f"{method.upper()} {_NAMED.sub(lambda match: f'/{match[1]}/{{id}}', path)}"


def _of_answer(error: APIError, host: str) -> EngineFailed:
    response = error.response
    call = api_call(str(response.request.method), str(response.request.url))
    said = " ".join(str(error.explanation or response.reason or "").split())[:300]
    if response.status_code in _DENIED:
        return EngineDenied(
            f"The Docker Engine at {host} denied {call} ({response.status_code}: {said}).",
            f"Allow {call} in the socket proxy or authorization plugin; docs/security.md says what each feature needs.",
            call,
        )
    if response.status_code == HTTPStatus.NOT_FOUND and not isinstance(error, ImageNotFound):
        return ContainerGone(f"{call}: {said or 'not found'}.", "Look at docker compose ps --all.")
    if response.status_code == HTTPStatus.CONFLICT:
        return ContainerChanged(f"{call}: {said}.", "Look at docker compose ps --all.")
    if response.status_code in (HTTPStatus.BAD_GATEWAY, HTTPStatus.SERVICE_UNAVAILABLE, HTTPStatus.GATEWAY_TIMEOUT):
        return EngineUnreachable(f"The Docker Engine behind {host} does not answer: {said}.", "Is dockerd running?")
    return EngineFailed(f"{call} failed ({response.status_code}): {said}", "Read the log of the Docker Engine.")


def _unreachable(error: Exception, host: str) -> EngineUnreachable:
    reason = next((cause for cause in reversed(list(_causes(error))) if isinstance(cause, OSError)), error)
    remedy = "Is dockerd running, and is [docker] host its address?"
    if any(isinstance(cause, PermissionError) for cause in _causes(error)):
        remedy = "Let Baseliner's account open the socket: add it to the group docker, or use a socket proxy."
    said = getattr(reason, "strerror", None) or str(reason) or type(reason).__name__
    return EngineUnreachable(f"The Docker Engine at {host} does not answer: {said}.", remedy)


def _causes(error: BaseException) -> Iterator[BaseException]:
    """The error and what led to it, outermost first; requests and urllib3 keep theirs among their arguments."""
    waiting, seen = [error], set()
    while waiting:
        item = waiting.pop(0)
        if id(item) in seen:
            continue
        seen.add(id(item))
        yield item
        inner = [item.__cause__, item.__context__, getattr(item, "reason", None), *item.args]
        waiting += [each for each in inner if isinstance(each, BaseException)]
