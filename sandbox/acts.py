"""What a person does in the client: types commands, presses buttons, fills in modals, opens App Home, writes."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import replace
from html import escape
from typing import Any

from sandbox.acknowledging import apply_command_response, apply_submission_response
from sandbox.delivery.transport import (
    Acknowledgement,
    Delivery,
    DispatchFailed,
    Kind,
    NotAcknowledged,
    Transport,
)
from sandbox.elements import Placed, complete_state, with_entry
from sandbox.entering import Entering, Screen, submission_values
from sandbox.interactions import Interactions
from sandbox.messages import EMOJI_NAME
from sandbox.model import Channel, Json, Message, SharedFile, User, View
from sandbox.outcome import Impossible, Outcome
from sandbox.payloads import Payload, view_json
from sandbox.workspace import Workspace


class Acts:
    """Acts of people on one workspace. People and channels are named by id or by name.

    Every act raises Impossible when the person has no such thing on their screen.
    """

    def __init__(
        self,
        workspace: Workspace,
        interactions: Interactions,
        transport: Transport,
        verify: Callable[[], Awaitable[bool]] | None = None,
    ) -> None:
        """`verify` asks the app's URL to prove itself; None when the app is not reached over HTTP."""
        self._workspace = workspace
        self._interactions = interactions
        self._transport = transport
        self._verify = verify
        self._entering = Entering(workspace, self._options)

    async def command(self, user: str, channel: str, command: str, text: str = "") -> Outcome:
        """Type a slash command. Its answer, or the error, appears as an ephemeral message."""
        person, place = self._person(user), self._channel(user, channel)
        command = command if command.startswith("/") else f"/{command}"
        if self._workspace.manifest.command(command) is None:
            self._workspace.tell(place.id, person.id, f"`{command}` is not a valid command.")
            return Outcome(error="unknown_command")
        payload = self._interactions.slash_command(person, place, command, text)
        outcome = await self._send("slash_commands", payload)
        if outcome.acknowledged:
            outcome = apply_command_response(self._workspace, place.id, person.id, outcome)
        if outcome.error is not None:
            self._workspace.tell(place.id, person.id, f'{command} failed with the error "{outcome.error}"')
        return outcome

    async def action(
        self,
        user: str,
        channel: str | None = None,
        ts: str | None = None,
        action_id: str = "",
        value: Any = None,
        *,
        view_id: str | None = None,
        block_id: str | None = None,
    ) -> Outcome:
        """Use an element of a message (`channel`, `ts`) or of a view (`view_id`).

        `value` is what is chosen or entered; a button needs none. What an input without `dispatch_action` holds
        is only kept, as the client does.
        """
        person = self._person(user)
        screen = self._screen(person, channel, ts, view_id)
        placed = screen.find(action_id, block_id)
        details, state = await self._entering.details(person, screen, placed, value)
        if state is not None:
            screen = self._keep(person, screen, with_entry(screen.values, placed, state))
        if not placed.notifies:
            return Outcome(status=200, view=screen.view)
        action = self._interactions.action(placed, details)
        if screen.view is not None:
            payload = self._interactions.view_action(person, screen.view, action)
        else:
            assert screen.message is not None  # noqa: S101 - a screen shows one of the two
            place = self._workspace.channels[screen.message.channel]
            payload = self._interactions.message_action(person, place, screen.message, action, screen.values)
        return await self._send("interactive", payload)

    async def suggest(
        self,
        user: str,
        action_id: str,
        query: str,
        *,
        channel: str | None = None,
        ts: str | None = None,
        view_id: str | None = None,
    ) -> list[Json]:
        """The options that the app offers for what was typed into an external select."""
        person = self._person(user)
        screen = self._screen(person, channel, ts, view_id)
        return await self._entering.suggest(person, screen, screen.find(action_id, None), query)

    async def view_submit(self, user: str, view_id: str, values: Mapping[str, Any] | None = None) -> Outcome:
        """Fill in `values` and submit the modal.

        `values` maps {block_id: {action_id: v}}, {action_id: v} or {block_id: v}; what is not named stays as it is.
        """
        person = self._person(user)
        view = self._open_modal(person, view_id)
        if view.submit is None:
            raise Impossible(400, "no_submit_button", f"{view.title!r} has no submit button")
        screen = Screen(view.blocks, view.state, view=view)
        entered = view.state
        for placed, value in submission_values(screen, values or {}):
            state = await self._entering.state(person, screen, placed, value)
            entered = with_entry(entered, placed, state)
        screen = replace(screen, values=entered)
        screen.require_inputs()
        view = self._workspace.views.enter(replace(view, errors={}), entered)
        payload = self._interactions.view_submission(person, view)
        outcome = await self._send("interactive", payload)
        return apply_submission_response(self._workspace, view, outcome)

    async def view_close(self, user: str, view_id: str, *, clear: bool = False) -> Outcome:
        """Close a modal, or with `clear` the whole stack, and tell the app when it wants to know."""
        person = self._person(user)
        view = self._open_modal(person, view_id)
        clear = clear or view.clear_on_close
        closed = self._workspace.views.stack(person.id) if clear else [view]
        payloads = [
            self._interactions.view_closed(person, item, is_cleared=clear)
            for item in reversed(closed)
            if item.notify_on_close
        ]
        self._workspace.views.close(closed[0])
        outcomes = [await self._send("interactive", payload) for payload in payloads]
        outcome = next((outcome for outcome in outcomes if not outcome.acknowledged), Outcome(status=200))
        return replace(outcome, view=self._top(person))

    async def home(self, user: str) -> Outcome:
        """Open the app's home tab; the outcome's view is the home as it is when the app has answered."""
        person = self._person(user)
        channel = self._workspace.direct_channel(person.id)
        home = self._workspace.views.home(person.id)
        event: Payload = {
            "type": "app_home_opened",
            "user": person.id,
            "channel": channel.id,
            "tab": "home",
            "event_ts": self._workspace.timestamps.next(),
        }
        if home is not None:
            event["view"] = view_json(self._workspace, home)
        if not self._workspace.manifest.hears("app_home_opened"):
            return Outcome(status=200, view=home)
        outcome = await self._send("events_api", self._interactions.event(event))
        return replace(outcome, view=self._workspace.views.home(person.id))

    async def say(self, user: str, channel: str, text: str, thread_ts: str | None = None) -> Outcome:
        """Write a message; `@` and the app's name mention it."""
        person, place = self._person(user), self._channel(user, channel)
        if thread_ts is not None and self._workspace.messages.get(place.id, thread_ts) is None:
            raise Impossible(404, "thread_not_found", f"no message {thread_ts} in #{place.name}")
        app = self._workspace.app
        text = escape(text, quote=False).replace(f"@{app.name}", f"<@{app.bot_user_id}>")
        message = self._workspace.messages.post(
            Message(channel=place.id, ts="", user=person.id, text=text, thread_ts=thread_ts)
        )
        return Outcome(status=200, message=message)

    def react(self, user: str, channel: str, ts: str, name: str) -> Outcome:
        """React to a message with an emoji of this name, or take that reaction back."""
        person, place = self._person(user), self._channel(user, channel)
        message = self._workspace.messages.get(place.id, ts)
        if message is None or message.ephemeral_to is not None:
            raise Impossible(404, "message_not_found", f"no message {ts} in #{place.name} that can be reacted to")
        name, messages = name.strip(":"), self._workspace.messages
        if not EMOJI_NAME.fullmatch(name):
            raise Impossible(422, "invalid_name", f"no emoji is called {name!r}")
        if not messages.react(message, name, person.id):
            messages.unreact(message, name, person.id)
        return Outcome(status=200, message=messages.get(place.id, ts))

    def upload(self, user: str, name: str, content: bytes) -> SharedFile:
        """Add a file from the person's own machine, for a file input."""
        return self._workspace.add_file(name, content, self._person(user).id)

    async def verify_url(self) -> bool:
        """Ask the app's URL to prove itself by echoing a challenge, as Slack does when it is configured."""
        if self._verify is None:
            raise Impossible(409, "not_over_http", "this workspace delivers over Socket Mode; there is no URL")
        return await self._verify()

    async def _send(self, kind: Kind, payload: Payload) -> Outcome:
        try:
            answer = await self._transport.deliver(Delivery(kind=kind, payload=payload))
        except NotAcknowledged:
            return Outcome(error="operation_timeout")
        except DispatchFailed as failure:
            return Outcome(error="dispatch_failed", status=failure.status)
        return Outcome(status=answer.status, response=answer.body)

    async def _options(self, user: User, screen: Screen, placed: Placed, query: str) -> Acknowledgement:
        payload = self._interactions.suggestion(user, placed, query, view=screen.view, message=screen.message)
        return await self._transport.deliver(Delivery(kind="interactive", payload=payload))

    def _keep(self, person: User, screen: Screen, values: dict[str, dict[str, Json]]) -> Screen:
        if screen.view is not None:
            view = self._workspace.views.enter(screen.view, values)
            return replace(screen, values=view.state, view=view)
        assert screen.message is not None  # noqa: S101 - a screen shows one of the two
        self._workspace.messages.enter(screen.message, person.id, values)
        return replace(screen, values=values)

    def _screen(self, person: User, channel: str | None, ts: str | None, view_id: str | None) -> Screen:
        if view_id is not None:
            view = self._workspace.views.get(view_id)
            if view is None or view.type == "modal" or view.user != person.id:
                view = self._open_modal(person, view_id)
            return Screen(view.blocks, view.state, view=view)
        if channel is None or ts is None:
            raise Impossible(400, "invalid_arguments", "say which message (channel and ts) or view (view_id)")
        place = self._channel(person.id, channel)
        message = self._workspace.messages.get(place.id, ts)
        if message is None or not message.is_seen_by(person.id):
            raise Impossible(404, "message_not_found", f"{person.name} sees no message {ts} in #{place.name}")
        entered = complete_state(message.every_block, self._workspace.messages.entered(message, person.id))
        return Screen(message.every_block, entered, message=message)

    def _open_modal(self, person: User, view_id: str) -> View:
        top = self._top(person)
        if top is None or top.id != view_id:
            shown = "no modal" if top is None else f"{top.id} ({top.title}) on top"
            raise Impossible(404, "view_not_found", f"{person.name} has {shown}, not {view_id}")
        return top

    def _top(self, person: User) -> View | None:
        stack = self._workspace.views.stack(person.id)
        return stack[-1] if stack else None

    def _person(self, reference: str) -> User:
        user = self._workspace.find_user(reference)
        if user is None:
            known = ", ".join(user.name for user in self._workspace.users.values())
            raise Impossible(404, "user_not_found", f"nobody is called {reference!r}; there are: {known}")
        return user

    def _channel(self, user: str, reference: str) -> Channel:
        channel = self._workspace.find_channel(reference)
        person = self._person(user)
        if channel is None or person.id not in self._workspace.members[channel.id]:
            known = ", ".join(channel.name for channel in self._workspace.channels_of(person.id))
            raise Impossible(404, "channel_not_found", f"{person.name} is in no {reference!r}, but in: {known}")
        return channel
