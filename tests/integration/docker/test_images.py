"""What was deployed when a backup was taken, and what is deployed now."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.operations.images import changed_images, current_images
from tests.docker_deployment import POSTGRES_IMAGE, Deployment
from tests.docker_engine import IMAGE
from tests.house import TARGET, Rig, Setup

SLEEP = ("/usr/bin/sleep", "infinity")


def in_docker(setup: Setup, project: Deployment, host: str) -> Setup:
    with_engine = replace(setup, document={**setup.document, "docker": {"host": host}})
    services = [{"name": "api"}, {"name": "worker"}]
    return with_engine.changed(docker=project.settings, application={"services": services})


@pytest.mark.docker
def test_a_backup_records_the_images_of_the_services(project: Deployment, rig: Rig) -> None:
    project.add("api", SLEEP, stop_signal="SIGKILL")
    project.add("worker", SLEEP, start=False)
    project.add("db", SLEEP, image=POSTGRES_IMAGE, start=False)
    project.add("elsewhere", SLEEP, start=False)
    tiny, postgres = (str(project.client.inspect_image(name)["Id"]) for name in (IMAGE, POSTGRES_IMAGE))
    with rig.rebuilt(in_docker(rig.setup, project, project.engine.host)) as other:
        other.backup()
        then = other.services.backups.get(TARGET, "latest").manifest.images
        assert then == {"api": f"{IMAGE}@{tiny}", "db": f"{POSTGRES_IMAGE}@{postgres}", "worker": f"{IMAGE}@{tiny}"}
        project.remove("api")
        project.add("api", SLEEP, image=POSTGRES_IMAGE, stop_signal="SIGKILL")
        assert changed_images(then, current_images(other.house.context, TARGET)) == [
            f"api: {IMAGE}@{tiny} when the backup was taken, {POSTGRES_IMAGE}@{postgres} now"
        ]
        plan = other.services.drawings.plan(other.planned_restore().id)
        assert plan is not None
        assert plan.body["other_images"] == changed_images(then, current_images(other.house.context, TARGET))


@pytest.mark.docker
def test_no_backup_fails_because_images_cannot_be_told(project: Deployment, rig: Rig) -> None:
    with rig.rebuilt(in_docker(rig.setup, project, "unix:///nowhere/docker.sock")) as other:
        other.backup()
        assert other.services.backups.get(TARGET, "latest").manifest.images == {}


def test_without_docker_there_are_no_images(rig: Rig) -> None:
    assert current_images(rig.house.context, TARGET) == {}
    assert changed_images({"api": "a@1"}, {}) == []
