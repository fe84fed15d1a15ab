"""The databases that restores set aside go at their date, and not before there is a newer backup."""

from __future__ import annotations

from datetime import datetime, timedelta

import pytest

from tests.house import TARGET, Rig


@pytest.fixture
def restored(rig: Rig) -> Rig:
    rig.backup()
    rig.clock.move(minutes=1)
    ended = rig.run(rig.approved_restore())
    assert datetime.fromisoformat(str(ended.result["aside_until"])) == rig.clock.now() + timedelta(hours=24)
    rig.clock.move(minutes=1)
    return rig


def asides(rig: Rig) -> list[str]:
    return [name for name in rig.databases() if name]


def test_one_is_dropped_at_its_date_once_and_audited(restored: Rig) -> None:
    restored.backup()
    (aside,) = asides(restored)
    restored.clock.move(hours=23, minutes=58)
    assert restored.house.work.asides.remove_due(TARGET) == []
    restored.clock.move(minutes=1)
    assert restored.house.work.asides.remove_due(TARGET) == [restored.target.name + aside]
    assert restored.house.work.asides.remove_due(TARGET) == []
    assert asides(restored) == []
    entry = restored.services.audit.entries()[0]
    assert (entry.action, entry.detail) == ("restore.remove_aside", {"database": restored.target.name + aside})
    assert restored.value("SELECT count(*) FROM devices") == 50


def test_one_stays_while_no_backup_is_newer_than_the_restore(restored: Rig) -> None:
    restored.clock.move(days=3)
    assert restored.house.work.asides.remove_due(TARGET) == []
    assert len(asides(restored)) == 1
    restored.backup()
    assert len(restored.house.work.asides.remove_due(TARGET)) == 1
