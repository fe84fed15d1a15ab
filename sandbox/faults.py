"""What goes wrong on demand: on the app's calls, and on what the workspace delivers to the app."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from enum import StrEnum
from fnmatch import fnmatchcase
from random import Random
from types import MappingProxyType


class FaultKind(StrEnum):
    """What happens. The first five strike calls of the app, the others deliveries to the app."""

    LATENCY = "latency"
    RATE_LIMITED = "rate_limited"
    SERVER_ERROR = "server_error"
    TIMEOUT = "timeout"
    CONNECTION_RESET = "connection_reset"
    DROPPED_SOCKET = "dropped_socket"
    DUPLICATE = "duplicate"
    LATE = "late"
    FORGED_SIGNATURE = "forged_signature"
    STALE_TIMESTAMP = "stale_timestamp"
    WRONG_TEAM = "wrong_team"


CALL_KINDS = frozenset(
    {
        FaultKind.LATENCY,
        FaultKind.RATE_LIMITED,
        FaultKind.SERVER_ERROR,
        FaultKind.TIMEOUT,
        FaultKind.CONNECTION_RESET,
    }
)
DELIVERY_KINDS = frozenset(FaultKind) - CALL_KINDS
ONLY_OVER_HTTP = frozenset({FaultKind.FORGED_SIGNATURE, FaultKind.STALE_TIMESTAMP})
ONLY_OVER_SOCKETS = frozenset({FaultKind.DROPPED_SOCKET})

DESCRIPTIONS: Mapping[FaultKind, str] = MappingProxyType(
    {
        FaultKind.LATENCY: "The answer to a call takes `seconds` longer",
        FaultKind.RATE_LIMITED: "A call is answered with 429 and a Retry-After of `seconds`",
        FaultKind.SERVER_ERROR: "A call is answered with 500",
        FaultKind.TIMEOUT: "A call is not answered for `seconds`, then its connection closes",
        FaultKind.CONNECTION_RESET: "The connection of a call is reset before the answer",
        FaultKind.DROPPED_SOCKET: "The socket drops right after the envelope was sent on it, before it is acknowledged",
        FaultKind.DUPLICATE: "The app gets the payload twice at the same time",
        FaultKind.LATE: "The app gets the payload `seconds` late",
        FaultKind.FORGED_SIGNATURE: "The payload is signed with another secret",
        FaultKind.STALE_TIMESTAMP: "The payload is rightly signed, ten minutes ago",
        FaultKind.WRONG_TEAM: "The payload says that it comes from another workspace",
    }
)
"""What a person reads who chooses a fault."""

DEFAULT_SECONDS: Mapping[FaultKind, float] = MappingProxyType(
    {FaultKind.LATENCY: 1.0, FaultKind.RATE_LIMITED: 1.0, FaultKind.TIMEOUT: 60.0, FaultKind.LATE: 5.0}
)
"""Of the kinds that take time, when nobody says how much."""

MAX_SECONDS = 600.0


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """One fault, until it is removed. It strikes what fits `method`, at most `count` times, with chance `rate`."""

    id: str
    kind: FaultKind
    method: str = "*"
    """Glob over the Web API method (also `response_url`, `upload`), or over what is delivered: the command, the type
    of the interaction or event, or `slash_commands`, `interactive`, `events_api`."""
    count: int | None = None
    rate: float = 1.0
    seed: int = 0
    """Of the chance, so that it falls alike in every run."""
    seconds: float = 0.0
    applied: bool = False
    """A failing call takes effect all the same: only its answer is lost."""
    hits: int = 0
    """How often it has struck."""

    @property
    def used_up(self) -> bool:
        """True when it will not strike again."""
        return self.count is not None and self.hits >= self.count


class Faults:
    """The faults of one workspace."""

    def __init__(self) -> None:
        self.unavailable: frozenset[FaultKind] = frozenset()
        """Kinds that make no sense for the way in which this workspace delivers."""
        self._faults: dict[str, Fault] = {}
        self._chances: dict[str, Random] = {}
        self._issued = 0
        self._subscribers: list[Callable[[], None]] = []

    @property
    def all(self) -> tuple[Fault, ...]:
        """Every fault that was not removed, oldest first, also those that are used up."""
        return tuple(self._faults.values())

    def add(
        self,
        kind: FaultKind | str,
        *,
        method: str = "*",
        count: int | None = None,
        rate: float = 1.0,
        seed: int = 0,
        seconds: float | None = None,
        applied: bool = False,
    ) -> Fault:
        """Arm a fault. Raises ValueError naming what is out of bounds or impossible here."""
        kind = FaultKind(kind)
        seconds = DEFAULT_SECONDS.get(kind, 0.0) if seconds is None else seconds
        self._judge(kind, count, rate, seconds)
        self._issued += 1
        fault = Fault(
            id=f"fault-{self._issued}",
            kind=kind,
            method=method,
            count=count,
            rate=rate,
            seed=seed,
            seconds=seconds,
            applied=applied,
        )
        self._faults[fault.id] = fault
        self._chances[fault.id] = Random(seed)  # noqa: S311 - repeatable, not secret
        self._tell()
        return fault

    def remove(self, fault_id: str) -> bool:
        """End a fault; False when there is none of this id."""
        removed = self._faults.pop(fault_id, None)
        self._tell()
        return removed is not None

    def clear(self) -> None:
        """End every fault."""
        self._faults.clear()
        self._tell()

    def striking(self, kinds: frozenset[FaultKind], *names: str) -> list[Fault]:
        """The faults that strike now what goes by any of these names; each counts a hit."""
        struck = [self._hit(fault) for fault in self.all if fault.kind in kinds and self._strikes(fault, names)]
        if struck:
            self._tell()
        return struck

    def subscribe(self, callback: Callable[[], None]) -> Callable[[], None]:
        """Call `callback` whenever a fault comes, strikes or goes; the returned function ends that."""
        self._subscribers.append(callback)

        def unsubscribe() -> None:
            if callback in self._subscribers:
                self._subscribers.remove(callback)

        return unsubscribe

    def _judge(self, kind: FaultKind, count: int | None, rate: float, seconds: float) -> None:
        if kind in self.unavailable:
            way = "signed HTTP" if kind in ONLY_OVER_HTTP else "Socket Mode"
            raise ValueError(f"{kind} needs a workspace that delivers over {way}")
        if count is not None and count < 1:
            raise ValueError("count must be at least 1")
        if not 0 < rate <= 1:
            raise ValueError("rate must be above 0 and at most 1")
        if not 0 <= seconds <= MAX_SECONDS:
            raise ValueError(f"seconds must be between 0 and {MAX_SECONDS:g}")

    def _strikes(self, fault: Fault, names: tuple[str, ...]) -> bool:
        if fault.used_up or not any(fnmatchcase(name, fault.method) for name in names):
            return False
        return fault.rate >= 1 or self._chances[fault.id].random() < fault.rate

    def _hit(self, fault: Fault) -> Fault:
        self._faults[fault.id] = replace(fault, hits=fault.hits + 1)
        return self._faults[fault.id]

    def _tell(self) -> None:
        for callback in tuple(self._subscribers):
            callback()
