"""The leader's clockwork: what is due happens, once, whoever winds it up."""

from __future__ import annotations

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from datetime import UTC, datetime, timedelta

import psycopg
import pytest

from bot.models import OperationState, Surface, WindowRequest, WindowState
from bot.runtime.stop import StopSignal
from bot.store import reports
from tests.house import NOW, OPERATOR, TARGET, Rig, Setup
from tests.support import eventually


@pytest.fixture
def real_time(rig: Rig) -> Rig:
    """The house at the time of the scheduler, which looks at the machine's clock."""
    rig.clock.set(datetime.now(UTC))
    return rig


@contextmanager
def wound_up(*rigs: Rig) -> Iterator[None]:
    with ExitStack() as stack:
        for rig in rigs:
            stack.enter_context(rig.house.clockwork.running())
        yield


def jobs(rig: Rig, task: str) -> int:
    return int(rig.state(f"SELECT count(*) FROM procrastinate_jobs WHERE task_name = 'baseliner.{task}'"))


def test_every_target_is_to_be_swept_at_once_and_once(real_time: Rig) -> None:
    with wound_up(real_time):
        eventually(lambda: jobs(real_time, "sweep") == 1)
    with wound_up(real_time):
        assert jobs(real_time, "sweep") == 1, "one waits already"


def test_a_sweep_is_deferred_once_however_often_it_is_asked_for(rig: Rig) -> None:
    def defer(_number: int) -> None:
        with rig.house.context.database.transaction() as connection:
            rig.house.context.queue.defer_sweep(connection, TARGET)

    rig.warm_up()
    with ThreadPoolExecutor(4) as executor:
        list(executor.map(defer, range(12)))
    assert jobs(rig, "sweep") == 1


def test_windows_open_and_close_at_their_second(real_time: Rig) -> None:
    now = real_time.clock.now()
    request = WindowRequest(TARGET, now, now + timedelta(hours=1), "deploy")
    window = real_time.services.windows.announce(request, OPERATOR)
    with wound_up(real_time):
        eventually(lambda: real_time.services.windows.get(window.id).state is WindowState.OPEN)
        real_time.clock.set(window.ends_at)
        eventually(lambda: real_time.services.windows.get(window.id).state is WindowState.CLOSED)


def test_a_request_that_ran_out_is_closed(real_time: Rig) -> None:
    real_time.backup()
    planned = real_time.planned_restore()
    real_time.clock.move(hours=1)
    with wound_up(real_time):
        eventually(lambda: real_time.services.overview.operation(planned.id).state is OperationState.EXPIRED)


def test_a_fire_makes_one_operation_however_often_it_is_heard(rig: Rig) -> None:
    rig.warm_up()
    with ThreadPoolExecutor(6) as executor:
        made = list(executor.map(lambda _: rig.services.backups.request_scheduled(TARGET, NOW), range(12)))
    (operation,) = [each for each in made if each is not None]
    assert operation.requester.surface is Surface.SCHEDULE
    assert (jobs(rig, "run_operation"), rig.state("SELECT count(*) FROM operations")) == (1, 1)
    later = rig.services.backups.request_scheduled(TARGET, NOW + timedelta(days=1))
    assert later is not None


def test_a_fire_that_fell_between_two_leaders_is_made_up_for_once(real_time: Rig) -> None:
    fire = real_time.clock.now().replace(second=0, microsecond=0)
    schedule = f"{fire.minute} {fire.hour} * * *"
    with real_time.rebuilt(real_time.setup.changed(schedule=schedule)) as scheduled:
        real_time.clock.set(fire - timedelta(hours=3))
        with wound_up(scheduled):
            eventually(lambda: real_time.state("SELECT count(*) FROM schedule_fires") == 1)
        real_time.clock.set(fire + timedelta(hours=9))
        with scheduled.rebuilt(scheduled.setup, seed=3) as another, wound_up(scheduled, another):
            eventually(lambda: jobs(real_time, "run_operation") == 1)
            eventually(lambda: real_time.state("SELECT max(heard_until) FROM schedule_fires") == fire)
    assert real_time.state("SELECT count(*) FROM operations") == 1
    assert real_time.state("SELECT scheduled_for FROM operations") == fire


def test_targets_with_rules_are_pruned_daily(real_time: Rig) -> None:
    with real_time.rebuilt(real_time.setup.changed(retention={"last": 3})) as keeping:
        with wound_up(keeping):
            eventually(lambda: jobs(real_time, "prune") == 1)
        for task in ("prune", "sweep"):
            real_time.alter_state(f"DELETE FROM procrastinate_jobs WHERE task_name = 'baseliner.{task}'")
        keeping.house.work.pruning.prune(TARGET)
        real_time.clock.move(hours=23)
        with wound_up(keeping):
            eventually(lambda: jobs(real_time, "sweep") == 1)
        assert jobs(real_time, "prune") == 0
        real_time.clock.move(hours=1)
        with wound_up(keeping):
            eventually(lambda: jobs(real_time, "prune") == 1)


def reporting_now(rig: Rig) -> Setup:
    """The report is due since the beginning of this minute."""
    document = {**rig.setup.document, "report": {"at": f"{rig.clock.now():%H:%M}"}}
    return replace(rig.setup, document=document)


def begin_reports(rig: Rig) -> None:
    """As if it had run since yesterday."""
    yesterday = rig.clock.now() - timedelta(days=1)
    with rig.house.context.database.transaction() as connection:
        reports.insert(connection, yesterday.date(), yesterday, None)


def posted(rig: Rig) -> int:
    return int(rig.state("SELECT count(*) FROM messages WHERE subject = 'report'"))


def test_the_daily_report_is_posted_once_by_whoever_leads_and_after_a_restart(real_time: Rig) -> None:
    with real_time.rebuilt(reporting_now(real_time)) as house:
        begin_reports(house)
        house.sweeps.sweep(TARGET, StopSignal())
        with house.rebuilt(house.setup, seed=3) as another, wound_up(house, another):
            eventually(lambda: posted(real_time) == 1)
        with wound_up(house):
            eventually(lambda: jobs(real_time, "sweep") == 1)
            assert not house.services.reports.advance()
    assert posted(real_time) == 1


def test_after_a_start_the_report_waits_for_the_first_sweeps_but_not_for_long(real_time: Rig) -> None:
    with real_time.rebuilt(reporting_now(real_time)) as house:
        begin_reports(house)
        with wound_up(house):
            eventually(lambda: jobs(real_time, "sweep") == 1 and jobs(real_time, "export_audit_head") == 1)
            assert posted(real_time) == 0
            house.clock.move(minutes=3)
            eventually(lambda: posted(real_time) == 1)


def test_the_audit_logs_head_is_to_be_exported_daily_and_soon_again_after_a_failure(real_time: Rig) -> None:
    def deferred(count: int) -> bool:
        """Whether so many exports are to be made; winds up anew, and takes the jobs away."""
        with wound_up(real_time):
            eventually(lambda: jobs(real_time, "sweep") == 1 and jobs(real_time, "export_audit_head") >= count)
        found = jobs(real_time, "export_audit_head")
        with psycopg.connect(real_time.state_dsn) as connection:
            connection.execute("DELETE FROM procrastinate_jobs")
        return found == count

    assert deferred(1)
    real_time.house.work.audit_heads.export(TARGET)
    assert deferred(0), "today has one"
    backups = real_time.directory / "backups"
    backups.rename(real_time.directory / "unmounted")
    assert real_time.house.work.audit_heads.export(TARGET).problem
    assert deferred(0), "it failed just now"
    real_time.clock.move(hours=1)
    assert deferred(1)
