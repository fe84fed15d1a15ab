"""`/person/…`: lets a test act as a person and see what that person sees."""

from __future__ import annotations

from starlette.requests import Request
from starlette.routing import Route

from sandbox.acts import Acts
from sandbox.fitting import Misfit
from sandbox.json_routes import Handler, answering, json_body
from sandbox.model import Channel, Message, View
from sandbox.outcome import Impossible, Outcome
from sandbox.payloads import Payload, file_json, message_json, view_json
from sandbox.uploads import decoded_content
from sandbox.workspace import Workspace


class PersonRoutes:
    """The acts over HTTP. What a person cannot do is answered with 4xx, an error and what there is instead."""

    def __init__(self, workspace: Workspace, acts: Acts) -> None:
        self._workspace = workspace
        self._acts = acts

    def routes(self) -> list[Route]:
        """The routes under `/person`."""
        posts: dict[str, Handler] = {
            "commands": self._command,
            "actions": self._action,
            "suggestions": self._suggest,
            "views": self._view,
            "home": self._home,
            "messages": self._say,
            "files": self._upload,
            "reactions": self._react,
        }
        gets: dict[str, Handler] = {
            "workspace": self._describe,
            "channels/{channel}/messages": self._messages,
            "views": self._views,
            "home": self._home_view,
        }
        return [
            *(Route(f"/person/{path}", answering(handler), methods=["POST"]) for path, handler in posts.items()),
            *(Route(f"/person/{path}", answering(handler), methods=["GET"]) for path, handler in gets.items()),
        ]

    async def _command(self, request: Request) -> Payload:
        body = await json_body(request, "user", "channel", "command")
        outcome = await self._acts.command(body["user"], body["channel"], body["command"], body.get("text") or "")
        return self._outcome(outcome)

    async def _action(self, request: Request) -> Payload:
        body = await json_body(request, "user", "action_id")
        outcome = await self._acts.action(
            body["user"],
            body.get("channel"),
            body.get("ts"),
            body["action_id"],
            body.get("value"),
            view_id=body.get("view_id"),
            block_id=body.get("block_id"),
        )
        return self._outcome(outcome)

    async def _suggest(self, request: Request) -> Payload:
        body = await json_body(request, "user", "action_id")
        options = await self._acts.suggest(
            body["user"],
            body["action_id"],
            body.get("query") or "",
            channel=body.get("channel"),
            ts=body.get("ts"),
            view_id=body.get("view_id"),
        )
        return {"ok": True, "options": options}

    async def _view(self, request: Request) -> Payload:
        body = await json_body(request, "user", "view_id")
        if body.get("submit", True):
            return self._outcome(await self._acts.view_submit(body["user"], body["view_id"], body.get("values")))
        clear = bool(body.get("clear"))
        return self._outcome(await self._acts.view_close(body["user"], body["view_id"], clear=clear))

    async def _home(self, request: Request) -> Payload:
        body = await json_body(request, "user")
        return self._outcome(await self._acts.home(body["user"]))

    async def _say(self, request: Request) -> Payload:
        body = await json_body(request, "user", "channel", "text")
        return self._outcome(await self._acts.say(body["user"], body["channel"], body["text"], body.get("thread_ts")))

    async def _react(self, request: Request) -> Payload:
        body = await json_body(request, "user", "channel", "ts", "name")
        return self._outcome(self._acts.react(body["user"], body["channel"], body["ts"], body["name"]))

    async def _upload(self, request: Request) -> Payload:
        body = await json_body(request, "user", "name")
        try:
            content = decoded_content(body)
        except Misfit as misfit:
            raise Impossible(422, "invalid_value", str(misfit)) from misfit
        file = self._acts.upload(body["user"], body["name"], content)
        return {"ok": True, "file": file_json(self._workspace, file)}

    async def _describe(self, _request: Request) -> Payload:
        workspace, credentials = self._workspace, self._workspace.credentials
        return {
            "team_id": workspace.team.id,
            "app_id": workspace.app.app_id,
            "bot_user_id": workspace.app.bot_user_id,
            "bot_token": credentials.bot_token,
            "app_token": credentials.app_token,
            "signing_secret": credentials.signing_secret,
            "users": [
                {"id": user.id, "name": user.name, "real_name": user.real_name, "role": user.role}
                for user in workspace.users.values()
            ],
            "channels": [
                {"id": channel.id, "name": channel.name} for channel in workspace.channels.values() if not channel.is_im
            ],
        }

    async def _messages(self, request: Request) -> Payload:
        reader = request.query_params.get("user")
        channel = self._channel(request.path_params["channel"])
        if reader is None:
            messages = [m for m in self._workspace.messages.in_channel(channel.id) if m.ephemeral_to is None]
        else:
            messages = self._workspace.messages.seen_by(channel.id, self._user_id(reader))
        return {"ok": True, "channel": channel.id, "messages": [self._message(m) for m in messages]}

    async def _views(self, request: Request) -> Payload:
        user = self._user_id(request.query_params.get("user", ""))
        return {"ok": True, "views": [self._view_body(view) for view in self._workspace.views.stack(user)]}

    async def _home_view(self, request: Request) -> Payload:
        home = self._workspace.views.home(self._user_id(request.query_params.get("user", "")))
        return {"ok": True, "view": None if home is None else self._view_body(home)}

    def _outcome(self, outcome: Outcome) -> Payload:
        body: Payload = {"ok": outcome.acknowledged, "acknowledged": outcome.acknowledged}
        if outcome.error is not None:
            body["error"] = outcome.error
        body |= {"status": outcome.status, "response": outcome.response}
        if outcome.errors:
            body["errors"] = dict(outcome.errors)
        if outcome.view is not None:
            body["view"] = self._view_body(outcome.view)
        if outcome.message is not None:
            body["message"] = self._message(outcome.message)
        return body

    def _message(self, message: Message) -> Payload:
        defaults: Payload = {"blocks": [], "thread_ts": None, "edited": None}
        return defaults | message_json(self._workspace, message) | {"ephemeral": message.ephemeral_to is not None}

    def _view_body(self, view: View) -> Payload:
        return view_json(self._workspace, view) | {"errors": dict(view.errors)}

    def _user_id(self, reference: str) -> str:
        user = self._workspace.find_user(reference)
        if user is None:
            raise Impossible(404, "user_not_found", f"nobody is called {reference!r}")
        return user.id

    def _channel(self, reference: str) -> Channel:
        channel = self._workspace.find_channel(reference)
        if channel is None:
            raise Impossible(404, "channel_not_found", f"there is no channel {reference!r}")
        return channel
