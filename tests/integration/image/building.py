"""Builds the image as a user does, on a base made of Debian's packages: `python -m tests.integration.image.building`.

Both are kept in an Engine of their own in `baseliner-test` of the cache folder, outside of the repository: what has not
changed is not built again.
"""

from __future__ import annotations

import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

from docker import APIClient

from tests.docker_engine import REPOSITORY, RealEngine
from tests.docker_proxy import allowed_socket
from tests.integration.image.base import debian_base

_NAME = "baseliner"
_BASE = "baseliner-test-base"
_SOURCES = ("Dockerfile", ".dockerignore", "LICENSE", "README.md", "constraints.txt", "pyproject.toml")
_PACKAGES = ("bot", "handlers", "sandbox")
_PROXIES = ("HTTP_PROXY", "HTTPS_PROXY", "NO_PROXY", "http_proxy", "https_proxy", "no_proxy")


@dataclass(frozen=True)
class BuiltImage:
    """An image by name and tag, and the running Engine that has it."""

    engine: RealEngine
    reference: str


@contextmanager
def built_image() -> Iterator[BuiltImage]:
    """Built now, where that has not been done; one process at a time has it.

    Raises RuntimeError with what the failing program wrote.
    """
    place, reference = _cache(), f"{_NAME}:{_key()}"
    with _alone(place):
        engine = RealEngine(place / "engine")
        engine.start()
        try:
            with engine.client() as client:
                if not client.images(reference):
                    _build(engine, place, reference)
                    _forget_older(client, reference)
            with allowed_socket(engine.socket) as engine.allowed:
                yield BuiltImage(engine, reference)
        finally:
            engine.stop()
            engine.unmount()


def _build(engine: RealEngine, place: Path, reference: str) -> None:
    _provide_base(engine, place)
    proxies = [f"--build-arg={name}" for name in _PROXIES if name in os.environ]
    _docker(
        engine, "build", "--network=host", f"--build-arg=BASE={_BASE}:{_base_key()}", "--build-arg=PGDG=no",
        *proxies, f"--tag={reference}", str(REPOSITORY),
    )  # fmt: skip


def _forget_older(client: APIClient, reference: str) -> None:
    for image in client.images(_NAME):
        for older in set(image["RepoTags"]) - {reference}:
            client.remove_image(older, force=True)


def _provide_base(engine: RealEngine, place: Path) -> None:
    reference = f"{_BASE}:{_base_key()}"
    with engine.client() as client:
        if client.images(reference):
            return
    base = debian_base(place / "base")
    _docker(engine, "import", str(base), reference)
    shutil.rmtree(base.parent)


def _docker(engine: RealEngine, *argv: str) -> None:
    environment = {**os.environ, "DOCKER_BUILDKIT": "0", "DOCKER_HOST": engine.host}
    done = subprocess.run(
        ["docker", *argv], env=environment, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False
    )
    if done.returncode != 0:
        raise RuntimeError(f"docker {argv[0]} ended with exit code {done.returncode}:\n{done.stdout[-5000:]}")


def _key() -> str:
    """Of all that the image is made of."""
    paths = [REPOSITORY / name for name in _SOURCES]
    for package in _PACKAGES:
        paths += (path for path in sorted((REPOSITORY / package).rglob("*")) if path.is_file())
    digest = hashlib.sha256(_base_key().encode())
    for path in paths:
        if "__pycache__" not in path.parts:
            digest.update(f"{path.relative_to(REPOSITORY)}\0".encode() + path.read_bytes())
    return digest.hexdigest()[:16]


def _base_key() -> str:
    authorities = Path("/etc/ssl/certs/ca-certificates.crt").read_bytes()
    return hashlib.sha256(Path(__file__).with_name("base.py").read_bytes() + authorities).hexdigest()[:16]


def _cache() -> Path:
    place = Path(os.environ.get("XDG_CACHE_HOME") or "/var/cache", "baseliner-test")
    place.mkdir(mode=0o700, parents=True, exist_ok=True)
    return place


@contextmanager
def _alone(place: Path) -> Iterator[None]:
    with (place / "lock").open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


if __name__ == "__main__":
    with built_image() as image:
        sys.stdout.write(f"{image.reference}\n")
