"""Waits for an application to say that it is healthy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from tenacity import RetryError, Retrying, retry_if_result, stop_after_delay, wait_fixed

from bot.errors import ServiceFailed
from bot.runtime.stop import StopSignal

if TYPE_CHECKING:
    import httpx

_ASK_EVERY = 0.5
_ANSWER_WITHIN = 5.0
_QUOTED = 300


def await_healthy(url: str, deadline: timedelta, stop: StopSignal) -> str:
    """Ask until it answers 200, and return that answer, such as `200 {"status": "ok"}`.

    Raises ServiceFailed with the last answer after the deadline, Interrupted when told to stop.
    """
    # Imported here, and below: only a restore needs it, and every command at the shell starts sooner without.
    import httpx

    answers: list[str] = []

    def ask() -> bool:
        stop.check()
        healthy, said = _ask(client, url)
        answers[:] = [said]
        return healthy

    retrying = Retrying(
        stop=stop_after_delay(deadline), wait=wait_fixed(_ASK_EVERY), retry=retry_if_result(_no), sleep=stop.wait
    )
    with httpx.Client(timeout=_ANSWER_WITHIN, trust_env=False) as client:
        try:
            retrying(ask)
        except RetryError as error:
            raise ServiceFailed(
                f"{url} did not become healthy within {deadline.total_seconds():g} s; it last said: {answers[0]}",
                "Read the application's log; the database itself was verified.",
            ) from error
    return answers[0]


def _no(healthy: bool) -> bool:
    return not healthy


def _ask(client: httpx.Client, url: str) -> tuple[bool, str]:
    import httpx

    try:
        answer = client.get(url)
    except httpx.HTTPError as error:
        return False, f"no answer ({error or type(error).__name__})"
    said = " ".join(answer.text.split())[:_QUOTED]
    return answer.status_code == httpx.codes.OK, f"{answer.status_code} {said}".strip()
