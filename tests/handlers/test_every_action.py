"""Every button and dialog of the bot in the worst hands: each act has one effect or none, and the person is told."""

import json
import logging
from collections.abc import Iterator
from contextlib import suppress
from typing import Any
from urllib.parse import parse_qs

import httpx
import psycopg
import pytest
from slack_bolt import BoltResponse

from bot.store.database import one
from handlers import ids
from tests.conftest import Clusters
from tests.handlers.acts import ACTS, Act, Stage
from tests.handlers.conftest import (
    APPROVER,
    ELSEWHERE,
    OPERATOR,
    SECOND,
    Desk,
    open_desk,
    settings_of,
    with_billing,
    words_of,
)
from tests.handlers.test_dispatch import dispatch
from tests.house import fresh_state
from tests.support import Database, eventually, fresh_database

WORLD = """
    SELECT (SELECT jsonb_agg(jsonb_build_array(id, state, version) ORDER BY id) FROM operations),
           (SELECT jsonb_agg(a ORDER BY a) FROM approvals a),
           (SELECT jsonb_agg(w ORDER BY w) FROM windows w),
           (SELECT jsonb_agg(p ORDER BY p) FROM pins p),
           (SELECT count(*) FROM audit WHERE entry::jsonb->>'result' <> 'refused')
"""
COUNTED = """
    SELECT count(*) AS n FROM audit WHERE entry::jsonb->>'action' = %s AND entry::jsonb->>'result' <> 'refused'
"""
UPDATED = '"response_action": "update"'
SHOWN = ("views.open", "views.push", "views.update", "response_url")


IN_PLACE = {
    ids.APPROVE,
    ids.DENY,
    ids.WITHDRAW,
    ids.ASK_AGAIN,
    ids.CANCEL_WINDOW,
    ids.CANCEL_OPERATION,
    ids.SIGN_OFF,
}
"""They act only in the message that was drawn for them."""


@pytest.fixture(scope="module")
def stage(clusters: Clusters, state_template: Database, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Stage]:
    """Two targets on one database, more backups than a page holds, and more audit entries."""
    with fresh_state(state_template) as dsn, fresh_database(clusters.get(16), "inventory") as target:
        target.cluster.execute("CREATE TABLE devices AS SELECT 1 AS id", target.name)
        with open_desk(with_billing(settings_of(dsn, target, tmp_path_factory.mktemp("acts")))) as desk:
            stage = Stage(desk, target)
            stage.furnish()
            yield stage
        for name in beside(target):
            target.cluster.drop_database(name)


def beside(target: Database) -> list[str]:
    with psycopg.connect(target.cluster.dsn()) as connection:
        rows = connection.execute("SELECT datname FROM pg_database WHERE datname LIKE %s", (f"{target.name}\\_\\_%",))
        return [name for (name,) in rows.fetchall()]


def test_no_button_and_no_dialog_is_left_out() -> None:
    named = {value for name, value in vars(ids).items() if name.isupper() and isinstance(value, str) and "." in value}
    assert named == set(ACTS)


@pytest.mark.parametrize("action_id", sorted(ACTS))
def test_an_act_has_one_effect_or_none(stage: Stage, action_id: str, caplog: pytest.LogCaptureFixture) -> None:
    act = ACTS[action_id](stage)
    kind = "view_submission" if action_id.endswith("modal") else "block_actions"
    hands = Hands(stage.desk, act, kind, caplog)
    try:
        hands.nothing_by_what_slack_did_not_send()
        hands.nothing_of_another_app_or_workspace()
        if action_id in IN_PLACE:
            hands.nothing_from_elsewhere()
        hands.one_effect_of_two_deliveries()
        hands.nothing_of_a_replay()
        if act.effect and not act.again:
            hands.told_that_it_is_over()
    finally:
        hands.close_dialogs()


class Hands:
    """What is done with one act; its effect is counted in the audit log, or by what Slack is asked to show."""

    def __init__(self, desk: Desk, act: Act, kind: str, caplog: pytest.LogCaptureFixture) -> None:
        self._desk, self._act, self._kind, self._caplog = desk, act, kind, caplog
        caplog.set_level(logging.WARNING)
        self._world, self._effects = self._seen(), self._counted()
        self._payload: dict[str, Any] = {}

    def nothing_by_what_slack_did_not_send(self) -> None:
        for fault in ("forged_signature", "stale_timestamp"):
            self._desk.person.fault(fault, method=self._kind, count=1)
            with suppress(httpx.HTTPStatusError):
                self._act.perform()
            self._payload = self._delivered()
            self._nothing_more(fault)

    def nothing_of_another_app_or_workspace(self) -> None:
        ours = self._desk.slack.workspace.team.id
        foreign = json.loads(json.dumps(self._payload).replace(ours, "T0OTHER"))
        for changes in ({"api_app_id": "A0OTHER"}, foreign):
            answer = self._send(**changes)
            assert (answer.status, answer.body) == (200, "")
            self._nothing_more(str(changes))

    def nothing_from_elsewhere(self) -> None:
        """The same button, in a message that is another one, or in a channel where it was not put."""
        for changes in ({"channel_id": ELSEWHERE}, {"message_ts": "1700000000.000100"}):
            self._told(container=self._payload["container"] | changes)
            assert "does not stand where I put it" in self._answers()[-1]
            self._nothing_more(str(changes))

    def one_effect_of_two_deliveries(self) -> None:
        self._desk.person.fault("duplicate", method=self._kind, count=1)
        self._act.perform()
        self._payload = self._delivered()
        eventually(lambda: self._counted() == self._effects + 1 and self._ignored() == 1, 20)
        self._world, self._effects = self._seen(), self._effects + 1

    def nothing_of_a_replay(self) -> None:
        answer = self._send(trigger_id=self._payload["trigger_id"])
        if self._kind == "view_submission":
            assert "Slack has sent this twice" in answer.body
        eventually(lambda: self._ignored() == 2, 20)
        self._nothing_more("replay")

    def told_that_it_is_over(self) -> None:
        """Whoever kept the old button, or the old dialog, and uses it now."""
        if self._payload["type"] == "view_submission":
            assert self._send().body, "a dialog is answered in place"
        else:
            self._told()
        self._nothing_more("stale")

    def close_dialogs(self) -> None:
        person = self._desk.person
        for user in (OPERATOR, APPROVER, SECOND):
            for view in reversed(person.views(user)):
                person.close(user, view["id"], clear=True, check=False)

    def _send(self, **changes: Any) -> BoltResponse:
        """Rightly signed, and by a new act unless the changes say otherwise."""
        triggers = self._desk.slack.workspace.triggers
        trigger_id = self._desk.slack.run(lambda: triggers.issue(self._act.user))
        payload = self._payload | changes | {"trigger_id": changes.get("trigger_id", trigger_id)}
        payload.pop("response_url", None)
        return dispatch(self._desk, {"payload": json.dumps(payload)})

    def _told(self, **changes: Any) -> None:
        seen = len(self._answers())
        self._send(**changes)
        eventually(lambda: len(self._answers()) > seen, 20)

    def _nothing_more(self, after: str) -> None:
        assert self._seen() == self._world, after
        assert self._counted() == self._effects, after

    def _seen(self) -> list[Any]:
        with self._desk.house.context.database.transaction() as connection:
            return [row for rows in connection.execute(WORLD).fetchall() for row in rows.values()]

    def _counted(self) -> int:
        if not self._act.effect:
            calls = self._desk.slack.workspace.wire.exchanges
            return sum((call.sender == "app" and call.name in SHOWN) or UPDATED in call.reply for call in calls)
        with self._desk.house.context.database.transaction() as connection:
            return int(one(connection.execute(COUNTED, (self._act.effect,)))["n"])

    def _ignored(self) -> int:
        return sum("that came again" in record.getMessage() for record in self._caplog.records)

    def _delivered(self) -> dict[str, Any]:
        """The payload of the last act, as it was on the wire."""
        sent = [
            call
            for call in self._desk.slack.workspace.wire.exchanges
            if call.sender == "workspace" and call.name == self._kind
        ]
        payload: dict[str, Any] = json.loads(parse_qs(sent[-1].request)["payload"][0])
        return payload

    def _answers(self) -> list[str]:
        messages = self._desk.person.messages(self._act.channel, self._act.user)
        return [words_of(message) for message in messages if message["ephemeral"]]
