"""The Engine: containers found by their labels, reached in every way, and what it refuses told for people."""

from __future__ import annotations

import os
import shutil
import signal
import subprocess
import sys
from pathlib import Path

import psutil
import pytest

from bot.errors import ContainerGone, EngineDenied, EngineUnreachable
from bot.runtime.compose import conditions, dependencies
from bot.runtime.docker_engine import Engine
from bot.settings import DockerSettings
from tests.docker_deployment import Deployment
from tests.docker_engine import IMAGE, RealEngine
from tests.docker_proxy import allowed_socket
from tests.support import eventually

pytestmark = pytest.mark.docker

SLEEP = ("/usr/bin/sleep", "infinity")
SSH = """\
#!{python} -IS
# Stands in for OpenSSH: what it is told, it notes, and `-L here:there` it does within this host.
import os, socket, sys, threading
from pathlib import Path
Path({told!r}).write_text("\\n".join(sys.argv[1:]))
Path({told!r} + ".env").write_text("\\n".join(os.environ))
here, _, there = sys.argv[sys.argv.index("-L") + 1].partition(":")
if "refused" in sys.argv[-1]:
    sys.exit("ops@refused.internal: Permission denied (publickey).")

def pump(source, sink):
    while data := source.recv(65536):
        sink.sendall(data)
    sink.shutdown(socket.SHUT_WR)

with socket.socket(socket.AF_UNIX) as listener:
    listener.bind(here)
    listener.listen()
    while True:
        near, far = listener.accept()[0], socket.socket(socket.AF_UNIX)
        far.connect(there)
        for ends in ((near, far), (far, near)):
            threading.Thread(target=pump, args=ends, daemon=True).start()
"""


def test_containers_are_found_by_compose_labels(project: Deployment) -> None:
    project.add("api", SLEEP, stop_signal="SIGKILL")
    project.add("api", SLEEP, 2, start=False)
    project.add("db", SLEEP, start=False, labels={"com.docker.compose.depends_on": "dns:service_started:true"})
    project.add("db", SLEEP, 9, start=False, labels={"com.docker.compose.oneoff": "True"})
    with Engine(project.engine.settings) as engine:
        found = engine.containers(project.project)
        assert [(item.service, item.number, item.state, item.image) for item in found] == [
            ("api", 1, "running", IMAGE),
            ("api", 2, "created", IMAGE),
            ("db", 1, "created", IMAGE),
        ]
        assert engine.running(project.project, "api") == found[0]
        assert conditions(found) == {"dns": "service_started"}
        assert dependencies(found) == {"api": frozenset(), "db": {"dns"}}
        with pytest.raises(ContainerGone, match=r"service db of .* is running: .*-db-1 is created\.") as caught:
            engine.running(project.project, "db")
        assert caught.value.remedy.startswith(f"Start it (docker compose -p {project.project} up -d db)")
        project.remove("api")
        with pytest.raises(ContainerGone, match=r"GET /containers/\{id\}/json: No such container"):
            engine.inspect(found[0].id)


def test_a_denied_call_is_named(docker_engine: RealEngine) -> None:
    without = [("GET", "/containers/json")]
    with (
        allowed_socket(docker_engine.socket, without) as socket,
        Engine(DockerSettings(host=f"unix://{socket}")) as engine,
        pytest.raises(
            EngineDenied, match=r"denied GET /containers/json \(403: .* is not on the allow-list\)"
        ) as caught,
    ):
        engine.containers("inventory")
    assert caught.value.call == "GET /containers/json"


@pytest.fixture
def ssh(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """Where the `ssh` that is found first notes what it was told, a line each argument."""
    told, program = tmp_path / "told", tmp_path / "bin" / "ssh"
    program.parent.mkdir()
    program.write_text(SSH.format(python=sys.executable, told=str(told)))
    program.chmod(0o755)
    monkeypatch.setenv("PATH", f"{program.parent}:{os.environ['PATH']}")
    return told


def test_an_engine_is_reached_by_ssh_and_the_tunnel_ends_with_it(docker_engine: RealEngine, ssh: Path) -> None:
    with Engine(DockerSettings(host=f"ssh://ops@db.internal:2222{docker_engine.socket}")) as engine:
        assert engine.containers("nobody") == []
        arguments = ssh.read_text().splitlines()
        assert arguments[-10:-4] == ["-p", "2222", "-l", "ops", "-N", "-T"]
        assert arguments[-2:] == ["--", "db.internal"]
        assert "BatchMode=yes" in arguments
        (tunnel,) = tunnels(ssh)
        os.kill(tunnel, signal.SIGKILL)
        eventually(lambda: not tunnels(ssh))
        with pytest.raises(EngineUnreachable):
            engine.containers("nobody")
        assert engine.containers("nobody") == [], "a tunnel that broke is dug anew"
    eventually(lambda: not tunnels(ssh))


def tunnels(ssh: Path) -> list[int]:
    program = str(ssh.parent / "bin" / "ssh")
    commands = {item.pid: item.info["cmdline"] or [] for item in psutil.process_iter(["cmdline"])}
    return [pid for pid, command in commands.items() if program in command[:3]]


def test_ssh_is_told_no_secrets(docker_engine: RealEngine, ssh: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TARGET_PASSWORD", "word")
    monkeypatch.setenv("SSH_AUTH_SOCK", "/nowhere/agent")
    with Engine(DockerSettings(host=f"ssh://ops@db.internal{docker_engine.socket}")) as engine:
        assert engine.containers("nobody") == []
    names = set(Path(f"{ssh}.env").read_text().splitlines())
    assert {"PATH", "HOME", "SSH_AUTH_SOCK"} <= names <= {"PATH", "HOME", "USER", "LANG", "SSH_AUTH_SOCK", "LC_CTYPE"}
    eventually(lambda: not tunnels(ssh))


def test_what_ssh_says_is_told(ssh: Path) -> None:
    with (
        Engine(DockerSettings(host="ssh://ops@refused.internal")) as engine,
        pytest.raises(EngineUnreachable, match=r"cannot be reached: ssh: .*Permission denied \(publickey\)") as caught,
    ):
        engine.containers("nobody")
    assert caught.value.remedy.endswith("ssh -o BatchMode=yes ops@refused.internal docker version")


COMPOSE = """\
version: "3.8"
services:
  db: &sleeping {{image: "tiny:1", command: /usr/bin/sleep infinity, volumes: [/usr:/usr:ro], stop_signal: SIGKILL}}
  api:
    <<: *sleeping
    depends_on: [db]
networks: {{default: {{external: true, name: {network}}}}}
"""


def test_what_compose_itself_makes_is_found(project: Deployment, tmp_path: Path) -> None:
    program = shutil.which("docker-compose")
    if program is None:
        missing = "docker-compose is not installed (apt-get install docker-compose)"
        if os.environ.get("BASELINER_TEST_ALL") == "1":
            pytest.fail(missing)
        pytest.skip(missing)
    (tmp_path / "compose.yaml").write_text(COMPOSE.format(network=project.network))
    argv = [program, "--file", "compose.yaml", "--project-name", project.project, "up", "--detach", "--scale", "api=2"]
    environment = {**os.environ, "DOCKER_HOST": f"unix://{project.engine.socket}"}
    subprocess.run(argv, cwd=tmp_path, env=environment, check=True, capture_output=True)
    with Engine(project.engine.settings) as engine:
        found = engine.containers(project.project)
    assert [(item.service, item.number, item.running) for item in found] == [
        ("api", 1, True),
        ("api", 2, True),
        ("db", 1, True),
    ]
    assert conditions(found) == {}, "Compose 1 tells no dependencies: the settings' order holds"
