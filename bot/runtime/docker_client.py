"""The Docker SDK's client, made as Baseliner wants it. To import it takes a while: whoever needs no Docker does not."""

from __future__ import annotations

from docker import APIClient
from docker.tls import TLSConfig

from bot.errors import EngineFailed
from bot.settings_docker import DockerSettings

_ANSWER_WITHIN = 60
"""Seconds, for calls that do not wait for anything."""


class Client(APIClient):  # type: ignore[misc]
    """Goes by the settings alone.

    Requests would let REQUESTS_CA_BUNDLE take the place of the Engine's own authority, and proxies that of its host.
    """

    @property
    def trust_env(self) -> bool:
        return False

    @trust_env.setter
    def trust_env(self, _value: bool) -> None:
        """The session sets it to True when it is made."""


def connect(address: str, settings: DockerSettings) -> Client:
    """With the newest version of the API that both know. Raises what the SDK raises, EngineFailed for missing files."""
    return Client(address, version="auto", timeout=_ANSWER_WITHIN, tls=_tls(settings))


def _tls(settings: DockerSettings) -> TLSConfig | bool:
    if not settings.uses_tls:
        return False
    for path in filter(None, (settings.tls_ca, settings.tls_cert, settings.tls_key)):
        if not path.is_file():
            raise EngineFailed(f"{path} of [docker] is not there.", "Correct tls_ca, tls_cert and tls_key.")
    pair = (str(settings.tls_cert), str(settings.tls_key)) if settings.tls_cert else None
    return TLSConfig(client_cert=pair, ca_cert=str(settings.tls_ca) if settings.tls_ca else None, verify=True)
