"""Containers of one network may talk, though an Engine that ran on this machine before may have closed the firewall."""

from __future__ import annotations

import os
import re
import subprocess
from pathlib import Path

_OURS = re.compile(r"-A (FORWARD .*--comment \"?baseliner-test-(\d+)\"? .*)")


def open_to(pool: str) -> None:
    """Until `close_to`, or until an Engine is started after this process has been killed."""
    for line in _iptables("--list-rules", "FORWARD").splitlines():
        if (found := _OURS.match(line)) and not _runs(int(found[2])):
            _iptables("--delete", *found[1].replace('"', "").split())
    _iptables("--insert", *_rule(pool))


def close_to(pool: str) -> None:
    _iptables("--delete", *_rule(pool))


def _rule(pool: str) -> list[str]:
    comment = ["-m", "comment", "--comment", f"baseliner-test-{os.getpid()}"]
    return ["FORWARD", "-s", pool, "-d", pool, *comment, "-j", "ACCEPT"]


def _iptables(*words: str) -> str:
    # Where it is not installed, nothing has closed the firewall.
    try:
        return subprocess.run(["iptables", "--wait", *words], check=False, capture_output=True, text=True).stdout
    except FileNotFoundError:
        return ""


def _runs(pid: int) -> bool:
    return Path("/proc", str(pid)).exists()
