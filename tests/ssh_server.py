"""OpenSSH's own server on a loopback port, with keys of its own, and a client that knows no others."""

from __future__ import annotations

import os
import shutil
import socket
import subprocess
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from sandbox.processes import HOST, Process, free_port, wait_until

_MISSING = "sshd is not installed (apt-get install openssh-server), or this is not root"
_SEPARATED = Path("/run/sshd")
"""Where Debian's sshd wants an empty folder; the package's service would make it."""
_SERVER = """\
ListenAddress {host}
Port {port}
HostKey {folder}/host
AuthorizedKeysFile {folder}/authorized
PidFile none
UsePAM no
PasswordAuthentication no
KbdInteractiveAuthentication no
PermitRootLogin prohibit-password
Banner {folder}/banner
# The tests' folders lie where others may write.
StrictModes no
"""
_CLIENT = """\
Host *
  UserKnownHostsFile {folder}/known_hosts
  GlobalKnownHostsFile none
  IdentityFile {folder}/identity
  IdentitiesOnly yes
  IdentityAgent none
  ControlMaster auto
  ControlPath {folder}/shared
  ControlPersist yes
"""
_NARROW, _NARROWER = "restrict,port-forwarding ", "restrict "
"""As docs/security.md advises, and less than is needed."""


class SshServer:
    """Lets accounts of this machine in with the key `identity`, and forwards nothing for the key `restricted`."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        self.port = free_port()
        self._process: Process | None = None
        for name in ("host", "identity", "restricted", "stranger"):
            self._make_key(name)
        self._public = {name: (folder / f"{name}.pub").read_text() for name in ("host", "identity", "restricted")}
        (folder / "authorized").write_text(
            f"{_NARROW}{self._public['identity']}{_NARROWER}{self._public['restricted']}"
        )
        (folder / "banner").write_text("Authorized use only\n")
        (folder / "server").write_text(_SERVER.format(host=HOST, port=self.port, folder=folder))
        (folder / "config").write_text(_CLIENT.format(folder=folder))
        self._know(self._public["host"])

    def address(self, path: Path, account: str = "root") -> str:
        """As `[docker] host` has it."""
        return f"ssh://{account}@{HOST}:{self.port}{path}"

    def start(self) -> None:
        """Until it answers."""
        # Other servers of the tests want it too: it stays.
        _SEPARATED.mkdir(mode=0o755, exist_ok=True)
        argv = [_program("sshd") or "sshd", "-D", "-e", "-f", str(self.folder / "server")]
        self._process = Process(argv, log=self.folder / "log")
        wait_until(self._answers, timeout_s=20.0, what="an answer of sshd")

    def kill(self) -> None:
        """As its host would go down: with all connections."""
        if self._process is not None:
            sessions = psutil.Process(self._process.pid).children(recursive=True)
            self._process.kill()
            self._process = None
            for session in sessions:
                # Each is a process group of its own, which outlives the server.
                with suppress(psutil.NoSuchProcess):
                    session.kill()

    def client(self, folder: Path) -> Path:
        """Makes a program `ssh` in the folder: the real one, which knows what this server's users know.

        ssh takes its user's folder from the system's accounts, whatever HOME says.
        """
        program = folder / "ssh"
        program.write_text(f'#!/bin/sh\nexec {_program("ssh")} -F {self.folder}/config "$@"\n')
        program.chmod(0o755)
        return program

    def clients(self) -> list[psutil.Process]:
        """Those that run."""
        ours = str(self.folder / "config")
        return [item for item in psutil.process_iter(["cmdline"]) if ours in (item.info["cmdline"] or [])]

    @contextmanager
    def known(self, key: str | None) -> Iterator[None]:
        """The client knows another key of the host meanwhile, or none."""
        self._know(key and (self.folder / f"{key}.pub").read_text())
        try:
            yield
        finally:
            self._know(self._public["host"])

    @contextmanager
    def identity(self, key: str) -> Iterator[None]:
        """The client shows another key meanwhile."""
        config = self.folder / "config"
        usual = config.read_text()
        config.write_text(usual.replace("/identity\n", f"/{key}\n"))
        try:
            yield
        finally:
            config.write_text(usual)

    def _answers(self) -> bool:
        with suppress(OSError), socket.create_connection((HOST, self.port), timeout=5) as probe:
            return probe.recv(4) == b"SSH-"
        return False

    def _know(self, public: str | None) -> None:
        (self.folder / "known_hosts").write_text(f"[{HOST}]:{self.port} {public}" if public else "")

    def _make_key(self, name: str) -> None:
        argv = ["ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", name, "-f", str(self.folder / name)]
        subprocess.run(argv, check=True)


def has_sshd() -> bool:
    """Whether a server can be started; where it cannot, that is a failure with BASELINER_TEST_ALL=1."""
    found = os.geteuid() == 0 and _program("sshd") is not None
    if not found and os.environ.get("BASELINER_TEST_ALL") == "1":
        pytest.fail(_MISSING)
    return found


def demand_sshd() -> None:
    """Skip where no server can be started; fail there when BASELINER_TEST_ALL=1."""
    if not has_sshd():
        pytest.skip(f"{_MISSING} (with BASELINER_TEST_ALL=1 this is a failure)")


@contextmanager
def ssh_running() -> Iterator[SshServer]:
    """A server that runs, until the end of the block."""
    folder = Path(tempfile.mkdtemp(prefix="bl-ssh-"))
    # sshd reads what is for an account as that account.
    folder.chmod(0o755)
    server = SshServer(folder)
    try:
        server.start()
        yield server
    finally:
        server.kill()
        shutil.rmtree(folder)


def _program(name: str) -> str | None:
    return shutil.which(name, path="/usr/sbin:/usr/bin:/usr/local/sbin:/usr/local/bin")
