"""What OpenSSH's client says, told for people."""

from __future__ import annotations

import re
from urllib.parse import urlsplit

from bot.errors import EngineUnreachable

BROKEN = re.compile(
    r"channel \d+: open failed|Connection (to|closed|reset)|Timeout, server|client_loop: ", re.IGNORECASE
)
"""What it says when a connection breaks, or something is not let through it: unlike banners, and news of host keys."""
_PORT = 22


def destination(host: str) -> str:
    """`ssh://user@host:port`, which ssh takes as it stands, of an Engine's address: without the socket's path."""
    return "/".join(host.split("/")[:3])


def ssh_failure(host: str, said: str) -> EngineUnreachable:
    """Of what ssh has said on stderr on the way to the Engine at `host`."""
    last = (said.strip().splitlines() or ["it said nothing"])[-1].strip().removeprefix("ssh: ").rstrip(".")
    return EngineUnreachable(f"The Docker Engine at {host} cannot be reached: ssh: {last}.", _remedy(host, said, last))


def _remedy(host: str, said: str, last: str) -> str:
    address = urlsplit(host)
    name, port = address.hostname or "", address.port or _PORT
    if "Host key verification failed" in last:
        compare = f"Compare ssh-keyscan -p {port} {name} | ssh-keygen -lf - with what the host itself shows"
        if "HAS CHANGED" in said:
            entry = name if port == _PORT else f"[{name}]:{port}"
            return (
                f"Another key is known of that host: it was installed anew, or somebody stands in between. {compare}; "
                f"only if they are equal, as Baseliner's account: ssh-keygen -R '{entry}', and add the new one."
            )
        return (
            f"{compare}; if they are equal, add the line of ssh-keyscan to ~/.ssh/known_hosts of Baseliner's account."
        )
    if "Permission denied (" in last:
        account = f"{address.username}@{name}" if address.username else name
        return f"Let Baseliner's account in by its key, which asks for no passphrase: ssh-copy-id -p {port} {account}"
    if "open failed" in last:
        return (
            "Is dockerd running there, may the account open its socket (group docker), and may it forward it "
            "(AllowStreamLocalForwarding in sshd_config; port-forwarding, where authorized_keys restricts the key)? "
            "Another socket is named by its path at the end of [docker] host."
        )
    return f"Try it as Baseliner's account: ssh -o BatchMode=yes {destination(host)} docker version"
