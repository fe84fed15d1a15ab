"""The label that tells what a container depends on, as each Compose writes it."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from bot.runtime.compose import conditions, dependencies
from bot.runtime.docker_engine import Container

COMMON = {
    "com.docker.compose.config-hash": "e69bc1d275c0268ef1d160678e14faef28a09b7b0317ba06975b0f68dbaf92fe",
    "com.docker.compose.container-number": "1",
    "com.docker.compose.oneoff": "False",
    "com.docker.compose.project": "inventory",
    "com.docker.compose.project.config_files": "/srv/inventory/compose.yaml",
    "com.docker.compose.project.working_dir": "/srv/inventory",
    "com.docker.compose.service": "api",
}
DEPENDS_ON = "com.docker.compose.depends_on"


def container(labels: Mapping[str, str], service: str = "api") -> Container:
    return Container("1", f"{service}-1", service, 1, "api:1", "sha256:1", "running", labels, {}, False, {})


@pytest.mark.parametrize(
    ("label", "expected"),
    [
        (None, {}),
        ("", {}),
        ("db,cache", {"db": "running_or_healthy", "cache": "running_or_healthy"}),
        ("db:service_healthy", {"db": "service_healthy"}),
        ("db:service_healthy:false", {"db": "service_healthy"}),
        (
            "cache:service_started:true,db:service_healthy:false,migrate:service_completed_successfully:false",
            {"cache": "service_started", "db": "service_healthy", "migrate": "service_completed_successfully"},
        ),
        ("db::false", {"db": "running_or_healthy"}),
    ],
    ids=["Compose 1", "nothing", "2.0: names", "2.5: conditions", "2.15: restarts", "several", "no condition"],
)
def test_what_compose_wrote_is_read(label: str | None, expected: dict[str, str]) -> None:
    found = container(COMMON if label is None else {**COMMON, DEPENDS_ON: label})
    assert conditions([found]) == expected
    assert dependencies([found]) == {"api": frozenset(expected)}


def test_what_a_dependency_depends_on_is_one_too() -> None:
    api, worker = container({DEPENDS_ON: "db:service_healthy:false"}), {DEPENDS_ON: "api:service_started:false"}
    assert dependencies([api, container(worker, "worker")]) == {"api": {"db"}, "worker": {"api", "db"}}
