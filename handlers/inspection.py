"""What the doctor examines of Slack: token, scopes, the way in, channels, usergroups. Nobody sees any of it."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from datetime import timedelta

from slack_sdk import WebClient
from slack_sdk.errors import SlackApiError, SlackClientError

from bot.clock import Clock
from bot.doctor.examination import Examination, Line, examine
from bot.models import Check
from bot.settings import Settings

SCOPES: Mapping[str, str] = {
    "chat:write": "messages, cards, alerts and answers",
    "chat:write.public": "announcing a window where it was asked for",
    "commands": "/baseliner",
    "files:write": "charts",
    "usergroups:read": "members of the policy's usergroups",
    "users:read": "names, standing and time zones",
}
"""Those of the manifest, and what for."""
TOKEN = Line("slack_token", "Slack takes the bot's token")
GRANTED = Line("slack_scopes", "The app has its scopes")
WAY_IN = Line("slack_way_in", "Slack reaches the bot")
_WITHIN = 20.0
_FAR_AWAY = timedelta(days=100)
"""Slack takes 120 (source: docs.slack.dev/reference/methods/chat.scheduleMessage)."""
_PROBE = "Baseliner's doctor was here and could not take this back. It means nothing."
_REINSTALL = "api.slack.com/apps: paste manifest.yaml under App Manifest, then Reinstall to Workspace."
_NEW_TOKEN = "export SLACK_BOT_TOKEN=xoxb-… (api.slack.com/apps, OAuth & Permissions)"  # noqa: S105 - tells how
_CHANNEL_REMEDIES = {
    "channel_not_found": "Correct its id in [slack.channels]; a private channel has to /invite @Baseliner first.",
    "not_in_channel": "In the channel: /invite @Baseliner",
    "is_archived": "Unarchive it, or name another one in [slack.channels].",
    "restricted_action": "Let apps post there: the channel's settings, Posting permissions.",
    "missing_scope": _REINSTALL,
}


class Inspection:
    """Its client should not retry: what Slack refuses once is the finding."""

    def __init__(self, client: WebClient, settings: Settings, clock: Clock) -> None:
        self._client = client
        self._settings = settings
        self._clock = clock

    def run(self) -> tuple[Check, ...]:
        """Everything, side by side; never raises."""
        channels = self._settings.slack.channels
        named = {
            channel_line("operations"): channels.operations,
            channel_line("approvals"): channels.approvals,
            channel_line("alerts"): channels.alerts,
        }
        examinations = [
            Examination(TOKEN, lambda _stop: self._identity()),
            Examination(WAY_IN, lambda _stop: self._way_in()),
            *(_of(line, self._channel, channel) for line, channel in named.items()),
            *(_of(group_line(group), self._group, group) for group in self._groups()),
        ]
        return examine(examinations, within=_WITHIN)

    def _identity(self) -> Sequence[Check]:
        try:
            answer = self._client.auth_test()
        except SlackApiError as error:
            return [TOKEN.failed(f"Slack says {error.response['error']}", _NEW_TOKEN)]
        except (SlackClientError, OSError) as error:
            return [TOKEN.unknown(f"Slack did not answer: {error}", "Let this host reach slack.com by HTTPS.")]
        wanted = self._settings.slack.team_id
        if wanted is not None and answer["team_id"] != wanted:
            said = f"the token is of workspace {answer['team_id']}, [slack] team_id is {wanted}"
            return [TOKEN.failed(said, "Correct one of the two: payloads of other workspaces are refused.")]
        headers = {name.lower(): value for name, value in answer.headers.items()}
        told = TOKEN.passed(f"{answer.get('user')} in {answer.get('team')} ({answer['team_id']})")
        return [told, judge_scopes(headers.get("x-oauth-scopes"))]

    def _way_in(self) -> Check:
        credentials = self._settings.credentials
        if credentials.app_token is None:
            if credentials.signing_secret is None:
                return WAY_IN.failed(
                    "neither SLACK_APP_TOKEN nor SLACK_SIGNING_SECRET is set",
                    "export SLACK_APP_TOKEN=xapp-… (Socket Mode) or SLACK_SIGNING_SECRET=… (HTTP)",
                )
            return WAY_IN.warning(
                "by HTTP, with a signing secret that only a request of Slack's can prove",
                "Type /baseliner help in Slack: an answer proves it.",
            )
        try:
            self._client.apps_connections_open(app_token=credentials.app_token.get_secret_value())
        except SlackApiError as error:
            return WAY_IN.failed(
                f"Socket Mode is refused: {error.response['error']}",
                "Enable Socket Mode; make SLACK_APP_TOKEN (Basic Information, App-Level Tokens, connections:write).",
            )
        return WAY_IN.passed("by Socket Mode")

    def _channel(self, line: Line, channel: str) -> Check:
        """What is scheduled for a day far away is taken back before anybody sees it."""
        at = int((self._clock.now() + _FAR_AWAY).timestamp())
        try:
            answer = self._client.chat_scheduleMessage(channel=channel, post_at=at, text=_PROBE)
        except SlackApiError as error:
            said = str(error.response["error"])
            return line.failed(f"{channel}: Slack says {said}", _CHANNEL_REMEDIES.get(said, _REINSTALL))
        self._client.chat_deleteScheduledMessage(
            channel=channel, scheduled_message_id=str(answer["scheduled_message_id"])
        )
        return line.passed(f"{channel} takes the bot's messages")

    def _group(self, line: Line, group: str) -> Check:
        try:
            members = self._client.usergroups_users_list(usergroup=group).get("users") or ()
        except SlackApiError as error:
            said = str(error.response["error"])
            remedy = _REINSTALL if said == "missing_scope" else f"Correct {group} in [policy]; nobody is let in by it."
            return line.failed(f"Slack says {said}", remedy)
        if not members:
            return line.failed("it has no members, so nobody is let in by it", "Add people to it in Slack.")
        return line.passed(f"{len(members)} member(s)")

    def _groups(self) -> list[str]:
        policies = [self._settings.policy_of(target) for target in self._settings.targets]
        return sorted({group for policy in policies for group in policy.groups})


def channel_line(name: str) -> Line:
    return Line(f"slack_channel_{name}", f"The bot may post in the channel of {name}")


def group_line(group: str) -> Line:
    return Line(f"slack_group_{group}", f"The members of usergroup {group} are told")


def _of(line: Line, look: Callable[[Line, str], Check], value: str) -> Examination:
    return Examination(line, lambda _stop: look(line, value))


def judge_scopes(told: str | None) -> Check:
    """`told` as Slack's header has them (source: docs.slack.dev, X-OAuth-Scopes)."""
    if told is None:
        return GRANTED.unknown("Slack did not tell them", _REINSTALL)
    granted = {scope.strip() for scope in told.split(",") if scope.strip()}
    missing = [f"{scope} ({SCOPES[scope]})" for scope in SCOPES if scope not in granted]
    if missing:
        return GRANTED.failed(f"missing: {', '.join(missing)}", _REINSTALL)
    more = sorted(granted - SCOPES.keys())
    if more:
        return GRANTED.warning(f"all, and more than are used: {', '.join(more)}", _REINSTALL)
    return GRANTED.passed(f"{len(granted)}, and no more")
