"""The images of a target's services: what was deployed when a backup was taken, and what is deployed now."""

from __future__ import annotations

import logging
from collections.abc import Iterable, Mapping
from contextlib import suppress

from bot.errors import EngineFailed
from bot.operations.context import Context
from bot.runtime.docker_engine import Container, Engine
from bot.settings import TargetSettings

_log = logging.getLogger(__name__)


def current_images(context: Context, target: str) -> Mapping[str, str]:
    """Each service of the database and its application to its image, such as `inventory-api:1.4@sha256:…`.

    The digest is the registry's, which fetches the very image again; for one that was only built here, the image's id.
    A service in the middle of a deploy has several, with commas between. Empty without Docker, or when it cannot be
    told: no backup fails for that.
    """
    settings = context.target(target)
    docker = settings.docker
    if docker is None:
        return {}
    try:
        with Engine(docker.engine) as engine:
            found = [item for item in engine.containers(docker.project) if item.service in _services(settings)]
            running = {item.service for item in found if item.active}
            deployed = [item for item in found if item.active or item.service not in running]
            return {name: _image(engine, deployed, name) for name in sorted({item.service for item in deployed})}
    except EngineFailed as error:
        _log.warning("the images of %s are not known: %s", target, error)
        return {}


def changed_images(then: Mapping[str, str], now: Mapping[str, str]) -> list[str]:
    """A line for each service whose image is another one now; nothing where one of the two is not known."""
    return [
        f"{service}: {then[service]} when the backup was taken, {now[service]} now"
        for service in sorted(then.keys() & now.keys())
        if then[service] != now[service]
    ]


def _services(settings: TargetSettings) -> set[str]:
    named = {service.name for service in settings.application.services if service.in_docker}
    migrating = {settings.migrations.service} if settings.migrations and settings.migrations.service else set()
    return named | migrating | ({settings.docker.service} if settings.docker else set())


def _image(engine: Engine, deployed: Iterable[Container], service: str) -> str:
    of_service = {(item.image, item.image_id) for item in deployed if item.service == service}
    return ", ".join(sorted(_named(engine, *image) for image in of_service))


def _named(engine: Engine, reference: str, image_id: str) -> str:
    """The reference with its digest; a reference that is a digest already stays alone."""
    if "sha256:" in reference:
        return reference
    digests: list[str] = []
    # What may not be asked, or was removed under its container, is named by the id all the same.
    with suppress(EngineFailed), engine.asking() as client:
        digests = client.inspect_image(image_id).get("RepoDigests") or []
    repository = reference.rpartition("/")[0], reference.rpartition("/")[2].partition(":")[0]
    ours = [digest for digest in digests if _repository(digest) == repository]
    return f"{reference}@{ours[0].partition('@')[2] if ours else image_id}"


def _repository(digest: str) -> tuple[str, str]:
    name = digest.partition("@")[0]
    return name.rpartition("/")[0], name.rpartition("/")[2]
