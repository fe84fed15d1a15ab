"""The demo from the outside: started, used, crashed, stopped."""

import os
import shlex
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import boto3
import httpx
import psutil
import psycopg
import pytest

from bot.settings import Environment, S3Settings, Settings, load_settings
from sandbox.locks import holder
from sandbox.processes import HOST, free_port, port_is_free
from tests.support import eventually, random_name

REPOSITORY = Path(__file__).parents[3]
START_S = 120  # ready within 30 s on an idle machine; the tests around share two cores
pytestmark = pytest.mark.timeout(600)


@dataclass(frozen=True)
class Demo:
    """A demo as a process of its own."""

    process: "subprocess.Popen[str]"
    directory: Path
    port: int
    words: Path

    def wait_until_ready(self) -> None:
        assert self.process.stdout is not None
        assert self.process.stdout.readline() == f"Ready: http://{HOST}:{self.port}\n", self.words.read_text()

    def processes(self) -> list[psutil.Process]:
        """The demo's descendants, and its services, which are nobody's."""
        services = (holder(self.directory / "fleet" / f"{name}.run") for name in ("app", "worker"))
        found = psutil.Process(self.process.pid).children(recursive=True)
        return found + [psutil.Process(pid) for pid in services if pid is not None]

    def rest_of_output(self) -> str:
        assert self.process.stdout is not None
        return self.process.stdout.read()

    def variables(self) -> dict[str, str]:
        lines = (self.directory / "demo.env").read_text().splitlines()
        pairs = (shlex.split(line)[1].split("=", 1) for line in lines)
        return dict((name, value) for name, value in pairs)


@contextmanager
def demo(directory: Path, port: int, words: Path) -> Iterator[Demo]:
    program = (
        f"import sys, pathlib, sandbox.demo; sys.exit(sandbox.demo.run_demo({port}, pathlib.Path({str(directory)!r})))"
    )
    with (
        words.open("w") as stderr,
        subprocess.Popen(
            [sys.executable, "-c", program], cwd=REPOSITORY, stdout=subprocess.PIPE, stderr=stderr, text=True
        ) as process,
    ):
        try:
            yield Demo(process, directory, port, words)
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGINT)
                process.wait(60)


def alive(processes: list[psutil.Process]) -> list[psutil.Process]:
    return [each for each in processes if each.is_running() and each.status() != psutil.STATUS_ZOMBIE]


@pytest.fixture
def place(work_directory: Path) -> Path:
    return work_directory / random_name("demo")


def test_the_demo_is_whole_keeps_its_bot_alive_and_leaves_nothing(
    place: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    with demo(place, free_port(), tmp_path / "words") as running:
        running.wait_until_ready()
        for name, value in running.variables().items():
            monkeypatch.setenv(name, value)
        settings = load_settings(Environment())
        assert_the_settings_reach_everything(settings)
        assert_secrets_are_in_private_files(running)
        assert_the_application_works_and_ships_its_log(running, settings)
        assert_the_bot_is_started_again(running)
        everything = running.processes()
        assert len(everything) > 8
        running.process.send_signal(signal.SIGINT)
        assert running.process.wait(60) == 0
        assert running.rest_of_output() == ""
        assert alive(everything) == []
    assert not place.exists()
    assert port_is_free(running.port)


def assert_the_settings_reach_everything(settings: Settings) -> None:
    target = settings.targets["fleet"]
    assert settings.policy.approvers
    assert set(settings.policy.approvers) < set(settings.policy.requesters)
    assert [service.name for service in target.application.services] == ["app", "worker"]
    for service in target.application.services:
        assert subprocess.run(service.status or (), check=False, capture_output=True).returncode == 0
    password = os.environ[target.password_env or ""]
    with psycopg.connect(target.dsn.get_secret_value(), password=password) as connection:
        assert connection.info.server_version // 10_000 == 16
        row = connection.execute("SELECT usesuper FROM pg_user WHERE usename = current_user").fetchone()
        assert row == (True,)
    with psycopg.connect(settings.state.dsn.get_secret_value()) as connection:
        assert connection.info.server_version // 10_000 == 18
    storage = settings.storage[target.storage[0]]
    assert isinstance(storage, S3Settings)
    client = boto3.client("s3", endpoint_url=storage.endpoint, region_name=storage.region)
    assert client.list_objects_v2(Bucket=storage.bucket)["KeyCount"] == 0
    client.close()


def assert_secrets_are_in_private_files(running: Demo) -> None:
    variables = running.variables()
    secrets = [variables[name] for name in ("FLEET_PASSWORD", "BASELINER_STATE_DSN", "SLACK_BOT_TOKEN")]
    for path in (running.directory / "demo.env", running.directory / "baseliner.toml"):
        assert path.stat().st_mode & 0o077 == 0
    assert not [secret for secret in secrets if secret in (running.directory / "baseliner.toml").read_text()]


def assert_the_application_works_and_ships_its_log(running: Demo, settings: Settings) -> None:
    health = settings.targets["fleet"].application.health_url
    assert health is not None
    counts = health.removesuffix("/health") + "/counts"
    with httpx.Client(timeout=60) as client:
        assert client.get(health).json()["revision"] == "0004"
        before = client.get(counts).json()
        assert sum(before.values()) > 300_000
        eventually(lambda: client.get(counts).json()["run_items"] > before["run_items"])
    eventually(lambda: list((running.directory / "application" / "archive").iterdir()))


def assert_the_bot_is_started_again(running: Demo) -> None:
    pid_file = running.directory / "bot.pid"
    log = running.directory / "logs" / "bot.log"
    assert log.read_text().count("A new session has been established") == 1
    os.kill(int(pid_file.read_text()), signal.SIGKILL)
    eventually(lambda: log.read_text().count("A new session has been established") == 2, timeout=60)
    assert "the bot ended with exit code 137" in running.words.read_text()


def test_a_killed_demo_leaves_no_process_and_the_next_one_starts_afresh(place: Path, tmp_path: Path) -> None:
    port = free_port()
    with demo(place, port, tmp_path / "words") as killed:
        killed.wait_until_ready()
        everything = killed.processes()
        killed.process.kill()
        killed.process.wait()
        with demo(place, port, tmp_path / "next") as following:
            eventually(lambda: "state database" in following.words.read_text(), timeout=START_S)
            eventually(lambda: alive(everything) == [], timeout=60)
            following.process.send_signal(signal.SIGTERM)
            assert following.process.wait(60) == 0
            assert following.rest_of_output() == ""
    assert not place.exists()


def test_a_taken_port_is_named_with_the_option_and_nothing_is_started(place: Path, tmp_path: Path) -> None:
    with socket.create_server((HOST, 0)) as listener:
        port = listener.getsockname()[1]
        with demo(place, port, tmp_path / "words") as refused:
            assert refused.process.wait(60) == 2
            assert refused.rest_of_output() == ""
        words = refused.words.read_text().splitlines()
        assert len(words) == 1
        assert f"port {port} is taken" in words[0]
        assert "--port" in words[0]
    assert not place.exists()


def test_a_folder_of_somebody_else_is_refused(tmp_path: Path) -> None:
    folder = tmp_path / "home"
    folder.mkdir()
    (folder / "letter").touch()
    with demo(folder, free_port(), tmp_path / "words") as refused:
        assert refused.process.wait(60) == 2
    assert "something else" in refused.words.read_text()
    assert (folder / "letter").exists()
