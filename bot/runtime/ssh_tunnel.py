"""A Docker Engine's socket on another host, brought here by OpenSSH's own client."""

from __future__ import annotations

import os
import shutil
import socket
import tempfile
import time
from collections.abc import Generator
from contextlib import contextmanager, suppress
from pathlib import Path
from urllib.parse import urlsplit

from bot.errors import EngineFailed, EngineUnreachable
from bot.runtime.leash import leashed
from bot.runtime.process import StderrDrain

_PASSED_ON = ("PATH", "HOME", "USER", "LANG", "SSH_AUTH_SOCK")
"""None of our secrets: ssh may start what its configuration names, and send what that names to the other host."""
_SOCKET = "/var/run/docker.sock"
_WITHIN = 20.0
_LOOK_EVERY = 0.02


@contextmanager
def ssh_tunnel(host: str) -> Generator[Path]:
    """The path of a socket that leads to the one behind `ssh://user@host:port/path`, until the end of the block.

    Keys, known hosts and jumps are those of ~/.ssh; nothing is asked. The tunnel ends with this process.
    Raises EngineUnreachable with what ssh said.
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
                if process.poll() is not None or time.monotonic() > ends_at:
                    raise _unreachable(host, said.text())
                time.sleep(_LOOK_EVERY)
            yield place


def _listens(path: Path) -> bool:
    with suppress(OSError), socket.socket(socket.AF_UNIX) as probe:
        probe.connect(str(path))
        return True
    return False


def _options(host: str, place: Path) -> list[str]:
    address = urlsplit(host)
    settings = ("BatchMode=yes", "ExitOnForwardFailure=yes", "ServerAliveInterval=15", "ConnectTimeout=15")
    return [
        *(part for setting in settings for part in ("-o", setting)),
        *(("-p", str(address.port)) if address.port else ()),
        *(("-l", address.username) if address.username else ()),
        *("-N", "-T", "-L", f"{place}:{address.path or _SOCKET}"),
        *("--", address.hostname or ""),
    ]


def _unreachable(host: str, said: str) -> EngineUnreachable:
    last = said.strip().splitlines()[-1:] or ["it said nothing"]
    return EngineUnreachable(
        f"The Docker Engine at {host} cannot be reached: ssh: {last[0]}",
        f"Try it as Baseliner's account: ssh -o BatchMode=yes {host.split('/')[2]} docker version",
    )
