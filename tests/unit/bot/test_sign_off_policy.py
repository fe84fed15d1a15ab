"""Who may sign off what was done at the shell: an approver, in Slack, and never whoever did it."""

from __future__ import annotations

import pytest

from bot.membership import Membership, Standing
from bot.models import Actor, Surface
from bot.policy import may_sign_off
from bot.settings import Policy

ANN, BOB, CYD = (Actor(f"U0{name.upper()}", name) for name in ("Ann", "Bob", "Cyd"))
SHELL = Actor("cli:ann", "ann", Surface.CLI)
POLICY = Policy(requesters=(CYD.id,), approvers=(ANN.id, BOB.id))
ACTIVE = Membership({person.id: Standing.ACTIVE for person in (ANN, BOB, CYD)})


@pytest.mark.parametrize(
    ("actor", "in_slack", "policy", "membership", "allowed", "words"),
    [
        (BOB, ANN.id, POLICY, ACTIVE, True, "on the list of approvers"),
        (BOB, None, POLICY, ACTIVE, True, "on the list of approvers"),
        (ANN, ANN.id, POLICY, ACTIVE, False, "nobody signs off what they did themselves"),
        (CYD, ANN.id, POLICY, ACTIVE, False, "you are not on the list of approvers"),
        (BOB, ANN.id, Policy(), ACTIVE, False, "the list of approvers is empty"),
        (BOB, ANN.id, POLICY, Membership(), False, "Slack did not tell"),
        (BOB, ANN.id, POLICY, Membership({BOB.id: Standing.DEACTIVATED}), False, "deactivated"),
        (BOB, ANN.id, POLICY.model_copy(update={"denied": (BOB.id,)}), ACTIVE, False, "deny"),
        (SHELL, None, POLICY, ACTIVE, False, "in Slack"),
        (SHELL, ANN.id, POLICY, ACTIVE, False, "in Slack"),
        (Actor("schedule", "the schedule", Surface.SCHEDULE), None, POLICY, ACTIVE, False, "in Slack"),
    ],
)
def test_who_may_sign_off(
    actor: Actor, in_slack: str | None, policy: Policy, membership: Membership, allowed: bool, words: str
) -> None:
    verdict = may_sign_off(actor, SHELL, in_slack, policy, membership)
    assert (verdict.allowed, words in verdict.reason) == (allowed, True), verdict


def test_a_refusal_names_the_others() -> None:
    assert may_sign_off(ANN, SHELL, ANN.id, POLICY, ACTIVE).who_can == (BOB.id,)
