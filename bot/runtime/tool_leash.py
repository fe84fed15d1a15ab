"""The hold on a tool in a container: its stdin, which the Engine closes when whoever asked for the tool is gone."""

from __future__ import annotations

from collections.abc import Sequence
from contextlib import suppress
from signal import Signals

from bot.runtime.process import Finished
from bot.runtime.stop import StopSignal
from bot.runtime.tool_streams import Streams

# What varies is an argument, never part of the script. Every sh has all of it in itself, but for `sleep`. In the
# database's container, whoever loses its parent becomes a child of the postmaster, which takes a death by a signal for
# a backend's crash and throws everybody out: so this shell outlives what it started, and SIGTERM, which is sent to all
# that have our mark, ends neither it nor the one that listens.
_SCRIPT = """
whom=$1; shift; cut=
end() { kill -s CONT -- "${whom:-$tool}"; kill -s TERM "$tool"; }
trap end TERM
trap 'cut=129; end' HUP
exec 3<&0 4>&2 </dev/null 2>/dev/null
trap 'echo "sh: cannot fork" >&4' EXIT
"$@" 2>&4 3<&- 4>&- &
tool=$!
(
    trap "" TERM
    while read -r order; do
        case $order in
            p) kill -s STOP -- "${whom:-$tool}" ;;
            r) kill -s CONT -- "${whom:-$tool}" ;;
        esac
    done
    kill -s HUP "$$"
    [ -z "$whom" ] || { sleep 5 && kill -s KILL -- "$whom"; }
) <&3 3<&- 4>&- >/dev/null &
leash=$!
trap - EXIT
exec 3<&- 4>&-
while wait "$tool"; code=$?; kill -s 0 "$tool"; do :; done
kill -s KILL "$leash"; wait "$leash"
exit "${cut:-$code}"
"""
_ALL_BUT_THE_FIRST = "-1"
"""kill(2): every process of a container of the tool's own, but its first one and whoever sends it."""
_LOST = -int(Signals.SIGHUP)


def leashed(argv: Sequence[str], *, alone: bool) -> list[str]:
    """The argv of what runs the tool, ends as it does, and ends it when stdin ends.

    `alone` in its container, it is paused and resumed with all that it has forked, and killed when it does not end in
    time; among others it only gets SIGTERM.
    """
    return ["sh", "-c", _SCRIPT, "sh", _ALL_BUT_THE_FIRST if alone else "", *argv]


def leash_lost(finished: Finished) -> bool:
    """Whether the tool had to end because nobody held the leash any more."""
    return finished.code == _LOST


class StdinLeash:
    """A hold on a leashed tool that is alone in its container."""

    def __init__(self, streams: Streams) -> None:
        self._streams = streams
        self.paused = False

    def pause(self) -> None:
        """Stop the tool where it is, with all that it has forked."""
        self._order(b"p\n")
        self.paused = True

    def resume(self) -> None:
        self._order(b"r\n")
        self.paused = False

    def _order(self, order: bytes) -> None:
        # It may have ended this very moment, which is told by its streams.
        with suppress(OSError):
            self._streams.tell(order, StopSignal())
