"""A Docker Engine's socket on another host, brought here by OpenSSH's own client."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import EngineFailed, EngineUnreachable
from bot.runtime.leash import leashed
from bot.runtime.process import StderrDrain
from bot.runtime.ssh_errors import BROKEN, destination, ssh_failure

_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "SSH_AUTH_SOCK")
"""None of our secrets: ssh may start what its configuration names, and send what that names to the other host."""
_SOCKET = "/var/run/docker.sock"
_WITHIN = 20.0
_LOOK_EVERY = 0.02
_SETTINGS = (
    "BatchMode=yes",
    "ExitOnForwardFailure=yes",
    "ServerAliveInterval=15",
    "ConnectTimeout=15",
    # What is not let through is told at this level, not at ERROR.
    "LogLevel=INFO",
    # A connection that is shared with others would outlive us, or end with them.
    "ControlMaster=no",
    "ControlPath=none",
    "ForwardAgent=no",
    "ForwardX11=no",
)


@dataclass(frozen=True)
class Tunnel:
    """A socket here that leads to the Engine's there."""

    host: str
    path: Path
    _stderr: StderrDrain

    def explain(self, failure: EngineUnreachable) -> EngineUnreachable:
        """The failure in the words of ssh, where it has any. To be asked when the tunnel has ended."""
        said = [line for line in self._stderr.finish().splitlines() if BROKEN.match(line)]
        return ssh_failure(self.host, said[-1]) if said else failure


@contextmanager
def ssh_tunnel(host: str) -> Generator[Tunnel]:
    """A tunnel to the socket of `ssh://user@host:port/path`, until the end of the block, or of this process.

    Keys, known hosts and jumps are those of ~/.ssh; nothing is asked. Raises EngineUnreachable with what ssh said.
    """
    program = shutil.which("ssh")
    if program is None:
        raise EngineFailed("There is no ssh program here.", "Install OpenSSH's client, or use another [docker] host.")
    with tempfile.TemporaryDirectory(prefix="baseliner-ssh-") as folder:
        place = Path(folder, "docker.sock")
        # Not the SDK's own way: its sockets cannot be read while they are written to, and it wants paramiko besides.
        environment = {name: os.environ[name] for name in _PASSED_ON if name in os.environ}
        with leashed([program, *_options(host, place)], environment) as process:
            said = StderrDrain(process.stderr)
            ends_at = time.monotonic() + _WITHIN
            while not _listens(place):
                if process.poll() is not None:
                    raise ssh_failure(host, said.finish())
                if time.monotonic() > ends_at:
                    raise ssh_failure(host, said.text() or f"no connection within {_WITHIN:g} s")
                time.sleep(_LOOK_EVERY)
            yield Tunnel(host, place, said)


def _listens(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


def _options(host: str, place: Path) -> list[str]:
    settings = [part for setting in _SETTINGS for part in ("-o", setting)]
    return [*settings, "-N", "-T", "-L", f"{place}:{urlsplit(host).path or _SOCKET}", "--", destination(host)]
