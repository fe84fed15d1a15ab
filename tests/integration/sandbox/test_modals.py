"""A modal from the person's submission to the app's answer."""

from __future__ import annotations

from typing import Any

import pytest
from slack_bolt import App

from sandbox.testing import RunningWorkspace
from tests.integration.sandbox.conftest import Listen
from tests.unit.sandbox.blocks import OPTION_1, Json, field, modal, options, plain, select, text_input


class Submissions:
    """Opens a modal by command, answers its submission as told, and remembers what arrived."""

    def __init__(self, slack: RunningWorkspace, listen: Listen, *blocks: Json, **more: Any) -> None:
        self.answer: Json = {}
        self.received: list[Json] = []
        self.slack = slack
        listen(lambda app: self._register(app, modal(*blocks, callback_id="form", **more)))
        slack.person.command("olive", "db-ops", "/baseliner", "restore")
        self.view = slack.person.wait_for_view("olive")

    def _register(self, app: App, view: Json) -> None:
        @app.command("/baseliner")
        def show(ack: Any, body: Json, client: Any) -> None:
            ack()
            client.views_open(trigger_id=body["trigger_id"], view=view)

        @app.view("form")
        def submitted(ack: Any, body: Json) -> None:
            self.received.append(body)
            ack(**self.answer)

        @app.view_closed("form")
        def closed(ack: Any, body: Json) -> None:
            ack()
            self.received.append(body)

    def submit(self, values: Json, **options: Any) -> Json:
        return self.slack.person.submit("olive", self.view["id"], values, **options)


REASON = field(text_input(action_id="text", max_length=10), block_id="reason")
TARGET = field(select(action_id="pick"), block_id="target", optional=True)


@pytest.mark.parametrize(
    "values",
    [
        {"reason": {"text": "Because"}, "target": {"pick": "v1"}},
        {"text": "Because", "pick": "Option 1"},
        {"reason": "Because", "target": options(2)[1]},
        {"reason": {"type": "plain_text_input", "value": "Because"}, "target": {"selected_option": options(2)[1]}},
    ],
)
def test_a_submission_carries_the_state_and_closes_the_modal(
    slack: RunningWorkspace, listen: Listen, values: Json
) -> None:
    form = Submissions(slack, listen, REASON, TARGET, private_metadata="meta")
    seen = form.submit(values)
    assert seen["ok"]
    assert "view" not in seen
    assert slack.person.views("olive") == []
    view = form.received[0]["view"]
    assert view["private_metadata"] == "meta"
    assert view["state"]["values"] == {
        "reason": {"text": {"type": "plain_text_input", "value": "Because"}},
        "target": {"pick": {"type": "static_select", "selected_option": OPTION_1}},
    }


def test_errors_stay_on_the_open_modal(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "errors", "errors": {"reason": "Say more"}}
    assert form.submit({"reason": "x"})["errors"] == {"reason": "Say more"}
    shown = slack.person.views("olive")[0]
    assert shown["errors"] == {"reason": "Say more"}
    assert shown["state"]["values"]["reason"]["text"]["value"] == "x"


def test_errors_for_no_input_are_a_violation(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "errors", "errors": {"elsewhere": "No"}}
    assert form.submit({"reason": "x"})["error"] == "invalid_response"
    assert [violation.pointer for violation in slack.workspace.violations] == ["/errors/elsewhere"]
    with pytest.raises(AssertionError, match="is no input block here"):
        slack.assert_no_violations()
    slack.take_violations()


def test_update_and_push_and_clear_change_the_stack(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "update", "view": modal(callback_id="form", title=plain("Second"))}
    assert form.submit({"reason": "x"})["view"]["title"]["text"] == "Second"
    form.answer = {"response_action": "push", "view": modal(callback_id="form", title=plain("Third"))}
    pushed = form.submit({})["view"]
    assert pushed["previous_view_id"] == pushed["root_view_id"] == form.view["id"]
    assert [view["title"]["text"] for view in slack.person.views("olive")] == ["Second", "Third"]
    form.view = pushed
    form.answer = {"response_action": "clear"}
    form.submit({})
    assert slack.person.views("olive") == []
    slack.assert_no_violations()


@pytest.mark.parametrize(
    ("values", "error"),
    [
        ({}, "missing_input"),
        ({"reason": ""}, "missing_input"),
        ({"reason": "more than ten"}, "invalid_value"),
        ({"reason": "x", "target": "v9"}, "invalid_value"),
        ({"reason": "x", "else": "y"}, "no_such_input"),
    ],
)
def test_what_the_form_does_not_take_is_refused_before_it_is_sent(
    slack: RunningWorkspace, listen: Listen, values: Json, error: str
) -> None:
    form = Submissions(slack, listen, REASON, TARGET)
    assert form.submit(values, check=False)["error"] == error
    assert form.received == []
    assert len(slack.person.views("olive")) == 1


def test_closing_tells_the_app_that_asked(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON, notify_on_close=True)
    assert slack.person.close("olive", form.view["id"])["ok"]
    assert slack.person.views("olive") == []
    assert (form.received[0]["type"], form.received[0]["is_cleared"]) == ("view_closed", False)


def test_an_invalid_next_view_is_refused_and_recorded(slack: RunningWorkspace, listen: Listen) -> None:
    form = Submissions(slack, listen, REASON)
    form.answer = {"response_action": "update", "view": modal(title=plain("x" * 25))}
    assert form.submit({"reason": "x"})["error"] == "invalid_response"
    assert [violation.rule for violation in slack.take_violations()] == ["modal.title.max_length"]
