"""A person at the workspace, for tests: synchronous, over the `/person` routes."""

from __future__ import annotations

import base64
import time
from collections.abc import Callable, Mapping
from types import TracebackType
from typing import Any, Self, TypeVar

import httpx

from sandbox.model import Json

T = TypeVar("T")
_POLL_SECONDS = 0.02


class PersonClient:
    """Acts as any person of the workspace at `url`. People and channels are named by id or name.

    An act returns what the person sees (see `sandbox/person_routes.py`). What a person cannot do raises
    httpx.HTTPStatusError, unless `check=False` was given.
    """

    def __init__(self, url: str, timeout: float = 60.0) -> None:
        self._client = httpx.Client(base_url=url, timeout=timeout, trust_env=False)

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._client.close()

    def workspace(self) -> Json:
        """Team, credentials, people and channels."""
        return self._get("workspace")

    def command(self, user: str, channel: str, command: str, text: str = "", *, check: bool = True) -> Json:
        """Type a slash command."""
        return self._post("commands", {"user": user, "channel": channel, "command": command, "text": text}, check)

    def action(
        self,
        user: str,
        channel: str,
        ts: str,
        action_id: str,
        value: Any = None,
        *,
        check: bool = True,
    ) -> Json:
        """Use a button, menu or input of a message."""
        body = {"user": user, "channel": channel, "ts": ts, "action_id": action_id, "value": value}
        return self._post("actions", body, check)

    def view_action(self, user: str, view_id: str, action_id: str, value: Any = None, *, check: bool = True) -> Json:
        """Use a button, menu or input of a modal or App Home."""
        body = {"user": user, "view_id": view_id, "action_id": action_id, "value": value}
        return self._post("actions", body, check)

    def suggestions(self, user: str, view_id: str, action_id: str, query: str = "") -> list[Json]:
        """What an external select of a modal or App Home offers for what was typed."""
        body = {"user": user, "view_id": view_id, "action_id": action_id, "query": query}
        found: list[Json] = self._post("suggestions", body, True)["options"]
        return found

    def submit(self, user: str, view_id: str, values: Mapping[str, Any] | None = None, *, check: bool = True) -> Json:
        """Fill in a modal and submit it."""
        body = {"user": user, "view_id": view_id, "values": dict(values or {}), "submit": True}
        return self._post("views", body, check)

    def close(self, user: str, view_id: str, *, clear: bool = False, check: bool = True) -> Json:
        """Close a modal, or its whole stack."""
        body = {"user": user, "view_id": view_id, "submit": False, "clear": clear}
        return self._post("views", body, check)

    def home(self, user: str) -> Json:
        """Open the app's home tab."""
        return self._post("home", {"user": user}, True)

    def home_view(self, user: str) -> Json | None:
        """The App Home as the person sees it; None when it was never published."""
        view: Json | None = self._get("home", user=user)["view"]
        return view

    def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Json:
        """Write a message."""
        body = {"user": user, "channel": channel, "text": text, "thread_ts": thread_ts}
        return self._post("messages", body, True)

    def react(self, user: str, channel: str, ts: str, name: str) -> Json:
        """React to a message with an emoji, or take that reaction back."""
        return self._post("reactions", {"user": user, "channel": channel, "ts": ts, "name": name}, True)

    def upload(self, user: str, name: str, content: bytes) -> Json:
        """Add a file of this person's; its id can be put into a file input."""
        encoded = base64.b64encode(content).decode()
        file: Json = self._post("files", {"user": user, "name": name, "content_base64": encoded}, True)["file"]
        return file

    def fault(self, kind: str, **options: Any) -> str:
        """Arm a fault of `sandbox.faults.FaultKind`; `options` are those of `Faults.add`. Returns its id."""
        return str(self._post("faults", {"kind": kind, **options}, True)["fault"]["id"])

    def faults(self) -> list[Json]:
        """The faults that were not removed, with how often each has struck."""
        faults: list[Json] = self._get("faults")["faults"]
        return faults

    def remove_faults(self, fault_id: str | None = None) -> None:
        """End one fault, or all."""
        path = "/person/faults" if fault_id is None else f"/person/faults/{fault_id}"
        _body(self._client.delete(path), check=True)

    def advance_clock(self, seconds: float) -> float:
        """Move the workspace's time ahead; returns what time it is now."""
        return float(self._post("clock", {"advance_seconds": seconds}, True)["now"])

    def violations(self) -> list[Json]:
        """What the app sent and Slack would not take: pointer, rule, message and source of each."""
        violations: list[Json] = self._get("violations")["violations"]
        return violations

    def messages(self, channel: str, user: str | None = None) -> list[Json]:
        """What this person sees in the channel and its threads, oldest first; ephemerals only with a person."""
        query = {} if user is None else {"user": user}
        messages: list[Json] = self._get(f"channels/{channel.removeprefix('#')}/messages", **query)["messages"]
        return messages

    def views(self, user: str) -> list[Json]:
        """The person's open modals, topmost last."""
        views: list[Json] = self._get("views", user=user)["views"]
        return views

    def wait_for_message(
        self,
        channel: str,
        predicate: Callable[[Json], bool] = lambda _message: True,
        timeout: float = 60.0,
        *,
        user: str | None = None,
    ) -> Json:
        """The newest message that fits. Raises TimeoutError showing what was there instead, `timeout` in seconds."""

        def look() -> Json | None:
            return next(filter(predicate, reversed(self.messages(channel, user))), None)

        return wait_until(look, timeout, lambda: [_brief(m) for m in self.messages(channel, user)])

    def wait_for_view(
        self, user: str, predicate: Callable[[Json], bool] = lambda _view: True, timeout: float = 60.0
    ) -> Json:
        """The person's topmost modal once it fits. Raises TimeoutError."""

        def look() -> Json | None:
            return next(filter(predicate, self.views(user)[-1:]), None)

        return wait_until(look, timeout, lambda: self.views(user))

    def wait_for(self, look: Callable[[], T | None], timeout: float = 60.0) -> T:
        """What `look` returns once that is not None. Raises TimeoutError, `timeout` in seconds."""
        return wait_until(look, timeout, lambda: "nothing")

    def _get(self, path: str, **query: str) -> Json:
        response = self._client.get(f"/person/{path}", params=query)
        return _body(response, check=True)

    def _post(self, path: str, body: Json, check: bool) -> Json:
        return _body(self._client.post(f"/person/{path}", json=body), check)


def wait_until(look: Callable[[], T | None], timeout: float, describe: Callable[[], object]) -> T:
    """Look again and again until there is something other than None. Raises TimeoutError with `describe()`."""
    deadline = time.monotonic() + timeout
    while True:
        found = look()
        if found is not None:
            return found
        if time.monotonic() > deadline:
            raise TimeoutError(f"not within {timeout} s; there was: {describe()}")
        time.sleep(_POLL_SECONDS)


def _brief(message: Json) -> str:
    texts = [str(block.get("text", {}).get("text", block["type"])) for block in message["blocks"]]
    return " | ".join([message["text"], *texts])


def _body(response: httpx.Response, check: bool) -> Json:
    body: Json = response.json()
    if check and response.is_client_error:
        raise httpx.HTTPStatusError(
            f"{response.status_code}: {body.get('detail', body)}", request=response.request, response=response
        )
    return body
