"""What is tried again, and for how long."""

from __future__ import annotations

import threading
from typing import Any

import pytest
from botocore.exceptions import BotoCoreError, ClientError, EndpointConnectionError, ReadTimeoutError

from bot.storage.patience import Patience

QUICK = Patience(pauses=(0, 0, 0))


def refusal(code: str, status: int) -> ClientError:
    answer: Any = {"Error": {"Code": code}, "ResponseMetadata": {"HTTPStatusCode": status}}
    return ClientError(answer, "PutObject")


@pytest.mark.parametrize(
    "error",
    [
        refusal("503", 503),
        refusal("SlowDown", 503),
        refusal("InternalError", 200),
        refusal("RequestTimeout", 400),
        refusal("429", 429),
        EndpointConnectionError(endpoint_url="http://s3"),
        ReadTimeoutError(endpoint_url="http://s3"),
    ],
    ids=str,
)
def test_what_passes_is_waited_out(error: Exception) -> None:
    failures = [error] * 3

    def act() -> str:
        if failures:
            raise failures.pop()
        return "done"

    assert QUICK.attempt(act) == "done"
    failures[:] = [error] * 4
    with pytest.raises((ClientError, BotoCoreError)):
        QUICK.attempt(act)
    assert failures == [], "one attempt more than pauses"


@pytest.mark.parametrize(
    "error", [refusal("AccessDenied", 403), refusal("NoSuchBucket", 404), refusal("NotImplemented", 501)], ids=str
)
def test_what_stays_is_not_tried_again(error: ClientError) -> None:
    tried = 0

    def act() -> None:
        nonlocal tried
        tried += 1
        raise error

    with pytest.raises(ClientError):
        QUICK.attempt(act)
    assert tried == 1


def test_a_minute_of_503_is_survived() -> None:
    assert sum(Patience().pauses) > 60
    assert max(Patience().pauses) <= 15
    assert sum(Patience().short.pauses) < 5


def test_a_pause_ends_when_nobody_wants_the_result_any_more() -> None:
    given_up = threading.Event()

    def act() -> None:
        given_up.set()
        raise refusal("SlowDown", 503)

    with pytest.raises(ClientError):
        Patience(pauses=(3600,)).attempt(act, given_up)
