"""The parts of an app manifest that a workspace acts on. Source: Slack's manifest schema, version 2."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import yaml


@dataclass(frozen=True, slots=True, kw_only=True)
class SlashCommand:
    """A command that people can type; `url` receives it in HTTP mode."""

    command: str
    description: str = ""
    usage_hint: str = ""
    url: str | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Manifest:
    """What the app declares. None means not declared: then the workspace allows every scope, event or command."""

    name: str = "App"
    commands: tuple[SlashCommand, ...] | None = None
    bot_scopes: frozenset[str] | None = None
    bot_events: frozenset[str] | None = None
    interactivity_url: str | None = None
    options_url: str | None = None
    events_url: str | None = None
    socket_mode: bool = True
    """False for an app that wants its payloads by HTTP."""

    def command(self, name: str) -> SlashCommand | None:
        """The command by its name with the slash; None when the manifest does not declare it."""
        if self.commands is None:
            return SlashCommand(command=name)
        return next((command for command in self.commands if command.command == name), None)

    def hears(self, event_type: str) -> bool:
        """True when the app subscribed to this event, such as `app_mention` or `message.channels`."""
        return self.bot_events is None or event_type in self.bot_events


def load_manifest(path: Path) -> Manifest:
    """Read a manifest from YAML or JSON. Raises OSError, yaml.YAMLError, or ValueError when it is no mapping."""
    document = yaml.safe_load(path.read_text(encoding="utf-8"))
    if not isinstance(document, Mapping):
        raise ValueError(f"{path}: a manifest is a mapping with the keys display_information, features, …")
    return parse_manifest(document)


def parse_manifest(document: Mapping[str, Any]) -> Manifest:
    """The manifest from its parsed document."""
    features = document.get("features") or {}
    settings = document.get("settings") or {}
    interactivity = settings.get("interactivity") or {}
    events = settings.get("event_subscriptions") or {}
    bot_user = features.get("bot_user") or {}
    urls = (interactivity.get("request_url"), events.get("request_url"))
    name = bot_user.get("display_name") or (document.get("display_information") or {}).get("name") or "App"
    return Manifest(
        name=name,
        commands=tuple(_command(item) for item in features.get("slash_commands") or ()),
        bot_scopes=frozenset(((document.get("oauth_config") or {}).get("scopes") or {}).get("bot") or ()),
        bot_events=frozenset(events.get("bot_events") or ()),
        interactivity_url=interactivity.get("request_url"),
        options_url=interactivity.get("message_menu_options_url"),
        events_url=events.get("request_url"),
        socket_mode=bool(settings.get("socket_mode_enabled", not any(urls))),
    )


def _command(item: Mapping[str, Any]) -> SlashCommand:
    return SlashCommand(
        command=item["command"],
        description=item.get("description", ""),
        usage_hint=item.get("usage_hint", ""),
        url=item.get("url"),
    )
