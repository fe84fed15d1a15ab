"""What goes wrong with a tool in a container, and what to do about it."""

from __future__ import annotations

import re

from bot.errors import ContainerGone, EngineFailed, ToolFailed, ToolNotStarted
from bot.runtime.process import Finished

_NOT_THERE = re.compile(r"executable file not found|no such file or directory|: not found$", re.IGNORECASE | re.M)
_NO_SHELL = re.compile(r'exec: "sh": executable file not found')
_FULL = re.compile(r"no space left on device", re.IGNORECASE)
_COULD_NOT_START = (126, 127)


def judged_inside(tool: str, container: str, finished: Finished) -> Finished:
    """The same, or ToolFailed when it could not be started in the container, or was killed by a signal."""
    said = f"{finished.stdout.decode('utf-8', 'replace')}{finished.stderr}".strip()
    if finished.code in _COULD_NOT_START and (_NOT_THERE.search(said) or not said):
        raise missing(tool, container, said)
    if finished.code < 0:
        failure = ToolFailed(tool, f"{finished.status} in the container {container}", finished.stderr)
        failure.remedy = (
            "The container was stopped or replaced, or its memory was full: docker inspect says which. Try again."
        )
        raise failure
    return finished


def not_started(tool: str, container: str, error: EngineFailed) -> EngineFailed | ToolFailed:
    """What the Engine's refusal to run a tool means."""
    if _NOT_THERE.search(str(error)) and not isinstance(error, ContainerGone):
        return missing(tool, container, str(error))
    if _FULL.search(str(error)):
        return no_room(container, "the disk of the Engine's host", "it is full")
    return error


def broke_off(tool: str, container: str, stderr: str) -> ToolFailed:
    """Its container went away under it."""
    failure = ToolFailed(tool, f"broke off, because the container {container} was removed or replaced", stderr)
    failure.remedy = "Look at docker compose ps --all; when the database answers again, try again."
    return failure


def cut_off(tool: str, container: str, stderr: str) -> ToolFailed:
    """The connection ended before the tool did, or before what it wrote: nobody knows what is lacking."""
    failure = ToolFailed(
        tool, f"broke off, because the connection with it in the container {container} was cut", stderr
    )
    failure.remedy = (
        "Look whether the Docker Engine, or a proxy in front of it, was restarted or ends long connections; then try "
        "again."
    )
    return failure


def missing(tool: str, container: str, said: str) -> ToolNotStarted:
    failure = ToolNotStarted(tool, f"could not be started in the container {container}", said)
    lacking = (
        "sh, which pg_dumpall needs, and which ends tools whose worker was killed," if _NO_SHELL.search(said) else tool
    )
    failure.remedy = (
        f"The image has no {lacking} on its PATH. Name its folder there in the target's `tools`, or install the client "
        'tools on the worker\'s host and set [targets.….docker] tools = "network".'
    )
    return failure


def no_room(container: str, where: str, why: str) -> ToolFailed:
    failure = ToolFailed("Copying the archive", f"into the container {container} failed", f"{where}: {why}")
    failure.remedy = (
        f'Free space under {where} there, or set [targets.….docker] tools to "container" or "network", '
        "which need none inside."
    )
    return failure
