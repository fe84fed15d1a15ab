"""Serves the page on the workspace's own application."""

from __future__ import annotations

from functools import cache
from pathlib import Path

from fastapi import FastAPI, Request
from nicegui import Client, ui

from sandbox.acts import Acts
from sandbox.changes import Change
from sandbox.model import Channel, User
from sandbox.page.dates import Reader, reader_in
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece
from sandbox.page.feed import Feed
from sandbox.page.read_marks import ReadMarks
from sandbox.page.shell import Shell
from sandbox.page.tree import part
from sandbox.workspace import Workspace

_STYLES = (
    "tokens.css",
    "layout.css",
    "sidebar.css",
    "messages.css",
    "blocks.css",
    "files.css",
    "cards.css",
    "plans.css",
    "charts.css",
    "composer.css",
    "buttons.css",
    "forms.css",
    "dialogs.css",
    "workbench.css",
    "narrow.css",
)
_READER = """(() => {
  const hours = new Intl.DateTimeFormat(undefined, {hour: "numeric"}).resolvedOptions();
  return [hours.timeZone, Boolean(hours.hour12)];
})()"""
_READER_SECONDS = 5.0
_RECONNECT_SECONDS = 20.0


def mount_page(app: FastAPI, workspace: Workspace, acts: Acts) -> None:
    """Serve the workspace's page at `/` of `app`.

    Call it once in a process (NiceGUI keeps one application for each) and after all other routes, because the page
    takes every path that they leave. The page shows what `?as=PERSON&in=CHANNEL` says and keeps that up to date, so
    that two tabs can be two people.
    """
    marks = ReadMarks(workspace)

    async def page(client: Client, request: Request) -> None:
        ui.add_head_html(f"<style>{_styles()}</style>")
        Piece(part("div", "loading", "Opening the workspace…", role="status"))
        user = _user(workspace, request.query_params.get("as", ""))
        channel = _channel(workspace, user, request.query_params.get("in", ""))
        await client.connected()
        reader = await _reader(user)
        client.content.clear()
        desk = Desk(client, workspace, acts, marks, reader, user, channel)
        with client.content:
            shell = Shell(desk)
        feed = Feed(workspace.changes.subscribe, lambda changes: _in_context(client, shell, changes))
        client.on_delete(feed.close)

    ui.page("/", title=f"{workspace.team.name} workspace")(page)
    ui.run_with(
        app,
        title=f"{workspace.team.name} workspace",
        favicon="🗄️",
        dark=None,
        language="en-US",
        tailwind=False,
        reconnect_timeout=_RECONNECT_SECONDS,
        show_welcome_message=False,
        binding_refresh_interval=None,
    )


def _in_context(client: Client, shell: Shell, happened: list[Change]) -> None:
    with client:
        shell.apply(happened)


async def _reader(user: User) -> Reader:
    """The browser's zone and hours; the person's own zone when the browser does not say."""
    try:
        zone, twelve_hours = await ui.run_javascript(_READER, timeout=_READER_SECONDS)
    except TimeoutError:
        return reader_in(user.tz)
    return reader_in(str(zone), twelve_hours=bool(twelve_hours))


def _user(workspace: Workspace, asked: str) -> User:
    found = workspace.find_user(asked) if asked else None
    return found or next(iter(workspace.users.values()))


def _channel(workspace: Workspace, user: User, asked: str) -> Channel | None:
    if asked == "home":
        return None
    channels = [channel for channel in workspace.channels_of(user.id) if not channel.is_im]
    return next((channel for channel in channels if channel.name == asked), channels[0] if channels else None)


@cache
def _styles() -> str:
    return "\n".join(Path(__file__).with_name(name).read_text(encoding="utf-8") for name in _STYLES)
