"""`baseliner doctor`: before anything runs, and with the state database gone."""

from __future__ import annotations

from tests.house import TARGET, Rig
from tests.integration.cli.shell import FAILED, baseliner


def test_it_says_what_is_missing_and_exits_1(rig: Rig) -> None:
    answer = baseliner(rig, "doctor", "--json")
    assert answer.code == FAILED, answer.err
    slack, state, target = answer.document
    assert (slack["target"], state["target"], target["target"]) == ("slack", "state", TARGET)
    (token,) = slack["checks"]
    assert (token["state"], token["remedy"]) == ("failed", "export SLACK_BOT_TOKEN=xoxb-…")
    states = {check["name"]: check["state"] for check in target["checks"]}
    assert (states["storage_offsite"], states["renames"]) == ("passed", "passed")


def test_a_state_database_that_is_gone_keeps_it_from_nothing(rig: Rig) -> None:
    gone = rig.target.cluster.dsn("nowhere")
    setup = type(rig.setup)({**rig.setup.document, "state": {"dsn": gone}}, rig.setup.environment)
    answer = baseliner(rig, "doctor", TARGET, "--only", "state", "--only", "targets", setup=setup)
    assert answer.code == FAILED
    assert "BASELINER_STATE_DSN" in answer.out
    assert "The role renames the database" in answer.out
    assert "SLACK_BOT_TOKEN" not in answer.out
