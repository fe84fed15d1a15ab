"""A worker that is killed at any step, of a deployment in containers: all of one state, nothing left with Docker."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from pathlib import Path

import pytest

from bot.models import Downtime, OperationState, StepState
from bot.operations.restore_job import MASKED_STEPS
from tests.docker_deployment import Deployment
from tests.house import Rig
from tests.integration.docker.deployed import assert_as_before, house_of
from tests.integration.docker.dockhouse import remains, tools_inside, with_tools
from tests.integration.operations.hooks import Moment, run_and_die
from tests.integration.operations.test_crashes import (
    RESTORE_STEPS,
    SLOW_IN_SCRATCH,
    UNDO_STEPS,
    has_begun,
    is_swapped,
    loading,
    lost,
)
from tests.support import eventually

pytestmark = pytest.mark.docker

TOUCHES_CONTAINERS = {"safety_backup", "stop_services", "load", "swap", "start_services", "health"}
TOUCHES_NONE = {"preconditions", "verify_objects", "create_database", "properties", "analyze", "verify_digests", "mask"}
"""Nor does any when it begins or ends: `verify_objects` asks a tool in between what an archive contains."""
BOTH = (Moment.BEFORE, Moment.AFTER)


def around(steps: Sequence[str]) -> list[tuple[str, Moment]]:
    """What lies between is the same wherever the database stands."""
    return [(step, moment) for step in steps if step in TOUCHES_CONTAINERS for moment in BOTH]


def test_of_every_step_it_is_known_whether_it_touches_containers() -> None:
    masked = {name for steps in MASKED_STEPS.values() for name, _ in steps}
    steps = {*RESTORE_STEPS[Downtime.NOW], *RESTORE_STEPS[Downtime.AT_SWAP], *masked, *UNDO_STEPS}
    assert steps == TOUCHES_CONTAINERS | TOUCHES_NONE, "say of a new step whether it has to be killed here"
    assert not TOUCHES_CONTAINERS & TOUCHES_NONE


@pytest.fixture
def rig(standing: Deployment, upgraded_state_dsn: str, tmp_path: Path) -> Iterator[Rig]:
    """Its tools run in the database's container."""
    with (
        house_of(standing, upgraded_state_dsn, tmp_path) as house,
        house.rebuilt(with_tools(house, tools="exec")) as rig,
    ):
        yield rig


def assert_nothing_left(project: Deployment, rig: Rig) -> None:
    assert_as_before(project, rig)
    assert remains(project) == []
    staging = rig.directory / "staging"
    assert not staging.exists() or list(staging.iterdir()) == []


@pytest.mark.parametrize(("step", "moment"), around(RESTORE_STEPS[Downtime.NOW]))
def test_a_restore_whose_worker_is_killed_ends_whole(standing: Deployment, rig: Rig, step: str, moment: Moment) -> None:
    old, new = lost(rig)
    operation = rig.approved_restore()
    run_and_die(rig.setup, operation.id, step, moment, rig.directory)
    ended = rig.run(operation)
    restored = is_swapped(step, moment) or not has_begun(step)
    assert ended.state is (OperationState.DONE if restored else OperationState.FAILED), ended.failure
    assert StepState.RUNNING not in {item.state for item in ended.steps}
    assert rig.digest() == (old if restored else new)
    assert_nothing_left(standing, rig)


@pytest.mark.parametrize(("step", "moment"), [("swap", Moment.BEFORE), ("start_services", Moment.AFTER)])
def test_an_undo_whose_worker_is_killed_ends_whole(standing: Deployment, rig: Rig, step: str, moment: Moment) -> None:
    old, new = lost(rig)
    assert rig.run(rig.approved_restore()).failure is None
    operation = rig.approved_undo()
    run_and_die(rig.setup, operation.id, step, moment, rig.directory)
    ended = rig.run(operation)
    undone = is_swapped(step, moment, UNDO_STEPS)
    assert ended.state is (OperationState.DONE if undone else OperationState.FAILED), ended.failure
    assert rig.digest() == (new if undone else old)
    assert_nothing_left(standing, rig)


@pytest.mark.parametrize("mode", ["exec", "container"])
def test_a_load_inside_ends_with_its_worker_and_what_is_left_with_the_next(
    standing: Deployment, rig: Rig, mode: str
) -> None:
    rig.execute(*SLOW_IN_SCRATCH)
    with rig.rebuilt(with_tools(rig, tools=mode), seed=3) as there:
        _, new = lost(there)
        operation = there.approved_restore()
        run_and_die(there.setup, operation.id, "load", Moment.WHEN_TOLD, there.directory, lambda: loading(there))
        eventually(lambda: not tools_inside(standing), timeout=10)
        failure = there.run(operation).failure
        assert failure is not None
        assert failure.left_as_it_was == "inventory is as it was, with all its data. The services are as before."
        assert there.digest() == new
        assert_nothing_left(standing, there)
    rig.execute("DROP INDEX devices_slowly", "DROP FUNCTION slowly")
