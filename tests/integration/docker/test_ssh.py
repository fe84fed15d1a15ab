"""An Engine that is reached by OpenSSH, client and server: tools through it, and each way in which it cannot be."""

from __future__ import annotations

import os
import re
import threading
from collections.abc import Callable, Iterator
from contextlib import AbstractContextManager, contextmanager, nullcontext
from dataclasses import replace
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

from bot.errors import EngineUnreachable
from bot.models import Operation
from bot.operations.backup_engine import BackupEngine
from bot.operations.leftovers import Leftovers
from bot.runtime.docker_engine import Engine
from bot.settings import DockerSettings
from sandbox.processes import HOST
from tests.docker_deployment import Deployment
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.docker.dockhouse import remains, table_locked, waits, with_tools
from tests.ssh_server import SshServer, demand_sshd, ssh_running
from tests.support import eventually

if TYPE_CHECKING:
    from tests.docker_engine import RealEngine

pytestmark = pytest.mark.docker


@pytest.fixture(scope="module")
def server() -> Iterator[SshServer]:
    demand_sshd()
    with ssh_running() as server:
        yield server


@pytest.fixture
def ssh(server: SshServer, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[SshServer]:
    """The server; the `ssh` that is found first is its client. None is left at the end."""
    monkeypatch.setenv("PATH", f"{server.client(tmp_path).parent}:{os.environ['PATH']}")
    yield server
    eventually(lambda: not server.clients(), timeout=10)


@contextmanager
def house_by(docked: Rig, host: str) -> Iterator[Rig]:
    """Its tools run in the database's container, whose Engine is reached by `host`."""
    setup = with_tools(docked, tools="exec")
    with docked.rebuilt(replace(setup, document={**setup.document, "docker": {"host": host}})) as rig:
        yield rig


def allowed(engine: RealEngine) -> Path:
    assert engine.allowed is not None
    return engine.allowed


def test_services_are_found_and_a_backup_is_taken_by_ssh(
    docked: Rig, at_home: Deployment, ssh: SshServer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("TARGET_PASSWORD", "word")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere/agent")
    host = ssh.address(allowed(at_home.engine))
    with Engine(DockerSettings(host=host)) as engine:
        assert [item.service for item in engine.containers(at_home.project)] == ["db"]
        (client,) = ssh.clients()
        assert {"PATH", "HOME", "SSH_AUTH_SOCK"} <= set(client.environ())
        assert set(client.environ()) <= {"PATH", "HOME", "USER", "LANG", "SSH_AUTH_SOCK", "PWD", "LC_CTYPE"}
    with house_by(docked, host) as rig:
        rig.backup()
        assert rig.services.backups.get(TARGET, "latest").manifest.tools_mode == "exec"
    assert remains(at_home) == []


def test_a_server_that_goes_in_the_middle_fails_the_backup_and_a_new_tunnel_is_dug_when_it_is_back(
    docked: Rig, at_home: Deployment, ssh: SshServer
) -> None:
    host = ssh.address(allowed(at_home.engine))
    with house_by(docked, host) as rig, Engine(DockerSettings(host=host)) as engine:
        assert engine.containers("nobody") == []
        ended: list[Operation] = []
        with table_locked(rig):
            operation = rig.services.backups.request(TARGET, OPERATOR)
            backup = threading.Thread(target=lambda: ended.append(rig.run(operation)))
            backup.start()
            eventually(lambda: waits(at_home))
            ssh.kill()
            try:
                backup.join(60)
                with pytest.raises(EngineUnreachable, match=r"ssh: Connection to 127\.0\.0\.1 closed by remote host"):
                    engine.containers("nobody")
                with pytest.raises(EngineUnreachable, match=r"ssh: connect to host .* Connection refused") as away:
                    engine.containers("nobody")
            finally:
                ssh.start()
        (failure,) = (item.failure for item in ended)
        assert failure is not None
        assert "No backup was recorded. What backup" in failure.left_as_it_was
        assert away.value.remedy.endswith(f"ssh -o BatchMode=yes ssh://root@{HOST}:{ssh.port} docker version")
        assert engine.containers("nobody") == []
        assert len(Leftovers(rig.house.context, BackupEngine(rig.house.context)).settle_due(TARGET)) == 1
    assert remains(at_home) == []


Case = Callable[[SshServer], AbstractContextManager[object]]


@pytest.mark.parametrize(
    ("account", "case", "said", "remedy"),
    [
        (
            "root",
            lambda ssh: ssh.known("stranger"),
            "Host key verification failed",
            "Another key is known .* ssh-keygen -R",
        ),
        (
            "root",
            lambda ssh: ssh.known(None),
            "Host key verification failed",
            "^Compare ssh-keyscan .* to ~/.ssh/known_hosts",
        ),
        ("root", lambda ssh: ssh.identity("stranger"), r"Permission denied \(publickey\)", "ssh-copy-id -p .* root@"),
        ("root", lambda ssh: ssh.identity("restricted"), "open failed", "AllowStreamLocalForwarding"),
        ("nobody", lambda _ssh: nullcontext(), "open failed", "may the account open its socket"),
    ],
    ids=["another host key", "no host key", "another key", "no forwarding", "no permission"],
)
def test_what_ssh_says_is_told_with_what_to_do(
    docker_engine: RealEngine, ssh: SshServer, account: str, case: Case, said: str, remedy: str
) -> None:
    # Nobody else than root may open the Engine's own socket.
    host = ssh.address(docker_engine.socket, account)
    with case(ssh), Engine(DockerSettings(host=host)) as engine, pytest.raises(EngineUnreachable, match=said) as told:
        engine.containers("nobody")
    assert str(told.value).startswith(f"The Docker Engine at {host} cannot be reached: ssh: ")
    assert re.search(remedy, told.value.remedy), told.value.remedy
