"""Real Docker Engines of the tests' own: one that all tests of a run share, and more for tests that restart theirs."""

from __future__ import annotations

import fcntl
import io
import os
import random
import secrets
import shutil
import signal
import socket
import subprocess
import sys
import tarfile
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from docker import APIClient
from docker.errors import APIError, DockerException

from bot.settings_docker import DockerSettings
from sandbox.processes import Process, tail, wait_until
from tests.docker_firewall import close_to, open_to
from tests.docker_proxy import allowed_socket
from tests.support import eventually

if TYPE_CHECKING:
    from typing import TextIO

IMAGE = "tiny:1"
"""Nothing but empty folders: programs are mounted from this machine (`PROGRAMS`)."""
REPOSITORY = Path(__file__).parents[1]
PROGRAMS = tuple(dict.fromkeys(["/usr", "/etc/alternatives", sys.prefix, sys.base_prefix, str(REPOSITORY)]))
"""Mounted at their own paths, to be read only: PostgreSQL, Python with all packages, and this repository."""
_SOCKETS = "var/run/postgresql"
_FOLDERS = (
    "proc",
    "sys",
    "dev",
    "tmp",
    "etc",
    "run",
    "usr",
    "root",
    "var",
    "var/lib",
    "var/lib/postgresql",
    "var/run",
    _SOCKETS,
)
_LINKED = ("bin", "lib", "lib64", "sbin")
_MISSING = "dockerd is not installed (apt-get install docker.io), or this is not root"


class RealEngine:
    """One dockerd in a folder of its own, with its own network addresses; it touches no other Engine of the machine."""

    def __init__(self, directory: Path, options: Sequence[str] = ()) -> None:
        self.directory = directory
        self.socket = directory / "docker.sock"
        self.allowed: Path | None = None
        """a socket in front of it that allows no more than docs/security.md says; tests themselves do not use it"""
        self._options = tuple(options)
        self._process: Process | None = None
        self._pool = f"10.{random.SystemRandom().randrange(100, 250)}.0.0/16"

    @property
    def host(self) -> str:
        """Where Baseliner is to ask it."""
        return f"unix://{self.allowed or self.socket}"

    @property
    def settings(self) -> DockerSettings:
        return DockerSettings(host=self.host)

    @property
    def configuration(self) -> Path:
        """Read at each start."""
        return self.directory / "daemon.json"

    @property
    def log(self) -> Path:
        return self.directory / "dockerd.log"

    @contextmanager
    def client(self) -> Iterator[APIClient]:
        client = APIClient(f"unix://{self.socket}", version="auto", timeout=60)
        try:
            yield client
        finally:
            client.close()

    def start(self) -> None:
        """Until it answers."""
        self.directory.mkdir(exist_ok=True)
        self.configuration.touch()
        self.configuration.write_text(self.configuration.read_text() or "{}")
        open_to(self._pool)
        self._process = Process(self._argv(), log=self.log, grace_s=20.0)
        try:
            wait_until(self._answers, timeout_s=60.0, what="an answer of dockerd", interval_s=0.05)
        except BaseException:
            self.kill()
            raise

    def stop(self) -> None:
        """As `systemctl stop docker` does: without live-restore its containers are stopped."""
        if self._process is not None:
            self._process.stop()
            self._process = None
            close_to(self._pool)

    def kill(self) -> None:
        """End dockerd by SIGKILL; its containers go on."""
        if self._process is not None:
            self._process.send_signal(signal.SIGKILL)
            self._process.stop()
            self._process = None
            # It dies with dockerd, but while nobody has heard of its end a new dockerd waits for it to answer.
            (self.directory / "exec" / "containerd" / "containerd.pid").unlink(missing_ok=True)
            close_to(self._pool)

    def delete(self) -> None:
        """Remove all containers and networks with what they use, and the Engine."""
        if self._process is None:
            self.start()
        with self.client() as client:
            for container in client.containers(all=True):
                with suppress(APIError):
                    client.remove_container(container["Id"], force=True, v=True)
            client.prune_networks()
        self.stop()
        self.unmount()
        shutil.rmtree(self.directory)

    def unmount(self) -> None:
        """Take away what a stopped Engine leaves mounted in its folder."""
        for line in reversed(Path("/proc/self/mounts").read_text().splitlines()):
            place = line.split()[1]
            if Path(place).is_relative_to(self.directory):
                subprocess.run(["umount", "--lazy", place], check=False)

    def import_image(self, reference: str, archive: bytes, *changes: str) -> None:
        """Make an image of a tar; `changes` are lines of a Dockerfile, such as `LABEL a=b`."""
        name, _, tag = reference.partition(":")
        with self.client() as client:
            client.import_image_from_data(archive, repository=name, tag=tag, changes=list(changes))

    def _argv(self) -> list[str]:
        place = self.directory
        return [
            "dockerd", f"--data-root={place / 'data'}", f"--exec-root={place / 'exec'}",
            f"--pidfile={place / 'pid'}", f"--host=unix://{self.socket}", f"--config-file={self.configuration}",
            # No bridge and no firewall rules of its own: those of two Engines would be in each other's way.
            "--bridge=none", "--iptables=false", "--ip6tables=false", "--ip-masq=false", "--ip-forward=false",
            f"--default-address-pool=base={self._pool},size=24", "--shutdown-timeout=5", "--log-level=warn",
            *self._options,
        ]  # fmt: skip

    def _answers(self) -> bool:
        if self._process is not None and self._process.poll() is not None:
            raise RuntimeError(f"dockerd ended:\n{tail(self.log)}")
        # The SDK leaves a socket open that it could not connect.
        with suppress(OSError, DockerException), socket.socket(socket.AF_UNIX) as probe:
            probe.connect(str(self.socket))
            with self.client():
                return True
        return False


def folders_only() -> bytes:
    """The tar of `IMAGE`."""
    buffer = io.BytesIO()
    with tarfile.open(fileobj=buffer, mode="w") as archive:
        for name in _FOLDERS:
            entry = tarfile.TarInfo(name)
            entry.type, entry.mode = tarfile.DIRTYPE, 0o1777 if name in ("tmp", _SOCKETS) else 0o755
            archive.addfile(entry)
        for name in _LINKED:
            entry = tarfile.TarInfo(name)
            entry.type, entry.linkname = tarfile.SYMTYPE, f"usr/{name}"
            archive.addfile(entry)
        for name, text in (("etc/passwd", _passwd()), ("etc/group", "root:x:0:\nnogroup:x:65534:\n")):
            entry = tarfile.TarInfo(name)
            entry.size = len(text)
            archive.addfile(entry, io.BytesIO(text.encode()))
    return buffer.getvalue()


def _passwd() -> str:
    return "root:x:0:0::/root:/bin/sh\npostgres:x:65534:65534::/tmp:/bin/sh\n"


def demand_docker() -> None:
    """Skip where no Engine can be started; fail there when BASELINER_TEST_ALL=1."""
    if shutil.which("dockerd") and os.geteuid() == 0:
        return
    if os.environ.get("BASELINER_TEST_ALL") == "1":
        pytest.fail(_MISSING)
    pytest.skip(f"{_MISSING} (with BASELINER_TEST_ALL=1 this is a failure)")


@contextmanager
def own_engine(*options: str) -> Iterator[RealEngine]:
    """An Engine that a test may stop, kill and start again; it has `IMAGE`. `options` are dockerd's."""
    engine = RealEngine(Path(tempfile.gettempdir(), f"bl-engine-{secrets.token_hex(4)}"), options)
    try:
        engine.start()
        engine.import_image(IMAGE, folders_only())
        with allowed_socket(engine.socket) as engine.allowed:
            yield engine
    finally:
        engine.delete()


@contextmanager
def shared_engine(run_directory: Path) -> Iterator[RealEngine]:
    """The Engine of this run of pytest: started by the first who asks, ended when the last has left, however it ends.

    `run_directory` is the same for all processes of the run, and for them alone.
    """
    with (run_directory / "engine.lock").open("a") as starting:
        fcntl.flock(starting, fcntl.LOCK_EX)
        directory, users = _join(run_directory / "engine.current")
    engine = RealEngine(directory)
    try:
        yield engine
    finally:
        users.close()
        eventually(lambda: not directory.exists() or _used(directory.with_suffix(".users")), timeout=60)


def _join(current: Path) -> tuple[Path, TextIO]:
    """The folder of the running Engine, of a new one otherwise, and the lock that keeps it running."""
    if current.exists():
        directory = Path(current.read_text())
        users = _share(directory.with_suffix(".users"))
        if users is not None:
            return directory, users
    directory = Path(tempfile.gettempdir(), f"bl-engine-{secrets.token_hex(4)}")
    directory.with_suffix(".users").touch()
    users = _share(directory.with_suffix(".users"))
    assert users is not None
    log = current.with_suffix(".log")
    with log.open("ab") as output:
        keeper = subprocess.Popen(
            [sys.executable, "-m", "tests.docker_keeper", str(directory)],
            cwd=REPOSITORY, stdin=subprocess.DEVNULL, stdout=output, stderr=output, start_new_session=True,
        )  # fmt: skip
    ready = directory.with_suffix(".ready")
    eventually(lambda: ready.exists() or keeper.poll() is not None)
    if not ready.exists():
        users.close()
        raise RuntimeError(f"the shared Engine did not start:\n{tail(log)}")
    keeper.returncode = 0  # It outlives this process, which must not be warned of that.
    current.write_text(str(directory))
    return directory, users


def _share(path: Path) -> Any:
    """Hold a shared lock; None when the keeper has the exclusive one already, or has removed the file."""
    try:
        file = path.open()
    except FileNotFoundError:
        return None
    try:
        fcntl.flock(file, fcntl.LOCK_SH | fcntl.LOCK_NB)
    except BlockingIOError:
        file.close()
        return None
    return file


def _used(path: Path) -> bool:
    """Whether anybody else holds the shared lock."""
    try:
        with path.open() as file:
            fcntl.flock(file, fcntl.LOCK_EX | fcntl.LOCK_NB)
            return False
    except FileNotFoundError:
        return False
    except BlockingIOError:
        shared = _share(path)
        if shared is not None:
            shared.close()
        return shared is not None
