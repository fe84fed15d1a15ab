"""One tree of errors. Each says what happened and what a person should do next.

`str(error)` is the sentence for people; `remedy` is the next step; `exit_code` is the CLI's (see the design).
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass


class BaselinerError(Exception):
    """Something failed; `remedy` says what to do about it."""

    exit_code = 1

    def __init__(self, message: str, remedy: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.remedy = remedy


class UsageError(BaselinerError):
    """What was asked for cannot be understood or does not exist."""

    exit_code = 2


@dataclass(frozen=True)
class Gap:
    """One thing missing or wrong in the settings: the key, what is wrong with it, an example that would do."""

    key: str
    problem: str
    example: str


class SettingsError(BaselinerError):
    """The settings cannot be used; names every gap at once."""

    exit_code = 2

    def __init__(self, source: str, gaps: Sequence[Gap]) -> None:
        self.gaps = tuple(gaps)
        lines = [f"{gap.key}: {gap.problem}  (for example: {gap.example})" for gap in gaps]
        super().__init__(
            f"{source} has {len(lines)} problem{'s' if len(lines) != 1 else ''}:\n  " + "\n  ".join(lines),
            "Correct these keys; baseliner.example.toml explains each.",
        )


class Refused(BaselinerError):
    """Policy says no. `who_can` are the Slack ids of people who could say yes."""

    exit_code = 3

    def __init__(self, message: str, remedy: str = "", who_can: Sequence[str] = ()) -> None:
        super().__init__(message, remedy)
        self.who_can = tuple(who_can)


class Conflict(BaselinerError):
    """The world has moved on: somebody decided first, or another operation holds the target."""


class PlanVoid(Conflict):
    """What was approved holds no more: the world has drifted from the plan, or an approval has lost its force."""


class NotFound(UsageError):
    """No target, backup, operation or window of that name."""


class TableNotFound(NotFound):
    """A backup has no such table, or several."""


class BadName(UsageError):
    """A new database cannot have this name, or none is made that could have one."""


class ToolMissing(BaselinerError):
    """No PostgreSQL client tools of the server's major version were found."""


class ToolFailed(BaselinerError):
    """A PostgreSQL tool ended badly; `stderr` is what it said, cut to its end."""

    def __init__(self, tool: str, status: str, stderr: str) -> None:
        self.tool, self.status, self.stderr = tool, status, stderr
        said = stderr.strip().splitlines()[-1:] or ["it said nothing"]
        super().__init__(f"{tool} {status}: {said[0]}", f"Read the whole output of {tool} in the operation's log.")


class ToolNotStarted(ToolFailed):
    """A tool is not there, or cannot be started."""


class DatabaseUnreachable(BaselinerError):
    """A database did not answer, or refused the role."""


class StorageFailed(BaselinerError):
    """Storage refused, broke off, or holds something other than what was written."""


class DamagedBackup(BaselinerError):
    """An object differs from what the manifest says: nothing may be restored from it."""


class KeyMissing(BaselinerError):
    """A backup is encrypted, and no private key that opens it is configured."""

    def __init__(self, message: str) -> None:
        super().__init__(
            message, "Set identity_file or identity_env in [targets.….encryption] to the private key of a recipient."
        )


class VerificationFailed(BaselinerError):
    """What was restored is not what was backed up; `differences` names each table."""

    def __init__(self, message: str, differences: Sequence[str]) -> None:
        super().__init__(message, "Restore another backup; keep this one for inquiry.")
        self.differences = tuple(differences)


class ServiceFailed(BaselinerError):
    """An application service could not be stopped, started, or did not become healthy."""


class EngineFailed(BaselinerError):
    """The Docker Engine could not, or would not, do what it was asked."""


class EngineUnreachable(EngineFailed):
    """The Docker Engine does not answer, or broke off in the middle."""


class EngineDenied(EngineFailed):
    """A socket proxy or the Engine's authorization denied a call of the API, such as `POST /containers/{id}/stop`."""

    def __init__(self, message: str, remedy: str, call: str) -> None:
        super().__init__(message, remedy)
        self.call = call


class ContainerGone(EngineFailed):
    """There is no such container (any more)."""


class ContainerChanged(EngineFailed):
    """A container is no longer in the state in which this can be done to it."""


class Interrupted(BaselinerError):
    """The worker was told to stop, or lost the operation to another worker."""
