"""Settings of Docker: sections that need each other say so, and nothing that cannot be meant is accepted."""

from __future__ import annotations

from pathlib import Path

import pytest

from bot.errors import SettingsError
from bot.settings import Environment, Settings, load_settings

GOOD = """
[state]
dsn = "postgresql://baseliner@db/state"
[slack.channels]
operations = "C1"
approvals = "C2"
alerts = "C3"
[policy]
[storage.offsite]
type = "s3"
bucket = "backups"
[docker]
[targets.inventory]
dsn = "postgresql://baseliner@/inventory"
storage = "offsite"
[targets.inventory.docker]
project = "inventory"
service = "db"
[[targets.inventory.application.services]]
name = "api"
[[targets.inventory.application.services]]
name = "worker"
pause = true
[targets.inventory.migrations]
service = "api"
heads = ["alembic", "heads"]
"""
TLS = 'tls_ca = "/ca.pem"\ntls_cert = "/cert.pem"\ntls_key = "/key.pem"'
NO_PROJECT = '[targets.inventory.docker]\nproject = "inventory"\nservice = "db"\n'
SERVICE = "targets.inventory.application.services"


@pytest.fixture(autouse=True)
def _bare_environment(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("BASELINER_STATE_DSN", raising=False)


def loaded(tmp_path: Path, text: str) -> Settings:
    path = tmp_path / "baseliner.toml"
    path.write_text(text)
    return load_settings(Environment(), path)


def gaps(tmp_path: Path, text: str) -> dict[str, str]:
    with pytest.raises(SettingsError) as caught:
        loaded(tmp_path, text)
    return {gap.key: gap.problem for gap in caught.value.gaps}


def test_a_deployment_of_compose_needs_little(tmp_path: Path) -> None:
    settings = loaded(tmp_path, GOOD)
    target = settings.targets["inventory"]
    assert settings.docker is not None
    assert settings.docker.host == "unix:///var/run/docker.sock"
    assert [(service.in_docker, service.pause) for service in target.application.services] == [
        (True, False),
        (True, True),
    ]


def test_without_an_engine_every_section_that_needs_one_says_so(tmp_path: Path) -> None:
    assert gaps(tmp_path, GOOD.replace("[docker]\n", "")) == {
        "targets.inventory.docker": "needs to know how the Engine is reached"
    }
    assert gaps(tmp_path, GOOD.replace(NO_PROJECT, "")) == {
        "targets.inventory.migrations.service": "names a service of Compose, but the target is in no project",
        f"{SERVICE}.0": "has no commands and stands in no project of Compose",
        f"{SERVICE}.1": "has no commands and stands in no project of Compose",
    }


def test_commands_come_all_three_or_not_at_all(tmp_path: Path) -> None:
    text = GOOD.replace("pause = true", 'pause = true\nstop = ["true"]')
    assert gaps(tmp_path, text) == {
        f"{SERVICE}.1.start": "is missing",
        f"{SERVICE}.1.status": "is missing",
        f"{SERVICE}.1.pause": "is of use only without stop, start and status",
    }


@pytest.mark.parametrize(
    "host",
    ["tcp://10.0.0.5:2376", "unix:///run/user/1000/docker.sock", "ssh://deploy@10.0.0.5", "ssh://db:2222/run/docker.sock",
     "ssh://deploy@[fe80::5]:22"],
)  # fmt: skip
def test_an_engine_is_reached_in_three_ways(tmp_path: Path, host: str) -> None:
    docker = loaded(tmp_path, GOOD.replace("[docker]", f'[docker]\nhost = "{host}"')).docker
    assert docker is not None
    assert docker.host == host


@pytest.mark.parametrize(
    ("section", "key", "problem"),
    [
        ('host = "/var/run/docker.sock"', "docker.host", "'/var/run/docker.sock' is not an address of a Docker Engine"),
        ('host = "tcp://10.0.0.5"', "docker.host", "'tcp://10.0.0.5' is not an address of a Docker Engine"),
        ('host = "ssh://deploy:word@db"', "docker.host", "'ssh://deploy:word@db' is not an address of a Docker Engine"),
        ('host = "ssh://db:70000"', "docker.host", "'ssh://db:70000' is not an address of a Docker Engine"),
        (TLS, "docker", "tls_ca, tls_cert and tls_key are of use only with a host like"),
        ('host = "tcp://a:1"\ntls_cert = "/c"', "docker", "tls_cert and tls_key are of use only together"),
    ],
)
def test_an_engine_that_cannot_be_meant_is_a_gap(tmp_path: Path, section: str, key: str, problem: str) -> None:
    ((found, told),) = gaps(tmp_path, GOOD.replace("[docker]", f"[docker]\n{section}")).items()
    assert found == key
    assert told.startswith(problem)
