"""The catalog made again from storage alone."""

from __future__ import annotations

import pytest

from bot.errors import StorageFailed
from bot.models import OperationState
from tests.house import OPERATOR, TARGET, Rig
from tests.integration.operations.test_drill import drilled


def test_a_lost_catalog_comes_back_and_can_be_restored_from(s3_rig: Rig) -> None:
    ids = sorted(str(s3_rig.backup().result["backup_id"]) for _ in range(2))
    before = {backup_id: s3_rig.services.backups.get(TARGET, backup_id) for backup_id in ids}
    with s3_rig.house.context.database.transaction() as connection:
        connection.execute("DELETE FROM backups")
    found = s3_rig.house.rescan.run(TARGET, OPERATOR)
    assert (sorted(found.found), sorted(found.added), found.unreadable, found.missing) == (ids, ids, (), ())
    for backup_id, backup in before.items():
        again = s3_rig.services.backups.get(TARGET, backup_id)
        assert (again.manifest, again.location, again.storage) == (backup.manifest, backup.location, backup.storage)
        assert again.manifest_sha256 == backup.manifest_sha256
    assert s3_rig.house.rescan.run(TARGET, OPERATOR).added == ()
    assert drilled(s3_rig).state is OperationState.DONE
    assert s3_rig.services.audit.verify().intact


def test_what_cannot_be_read_is_named_and_the_rest_is_recorded(rig: Rig) -> None:
    broken, moved, good = (str(rig.backup().result["backup_id"]) for _ in range(3))
    folder = rig.directory / "backups" / TARGET
    (folder / broken / "manifest.json").write_text("{")
    (folder / moved).rename(folder / "20261122T101500Z-zzzz")
    with rig.house.context.database.transaction() as connection:
        connection.execute("DELETE FROM backups WHERE id <> %s", (moved,))
    found = rig.house.rescan.run(TARGET, OPERATOR)
    assert found.added == (good,)
    assert {name for name, _ in found.unreadable} == {broken, "20261122T101500Z-zzzz"}
    assert found.missing == (moved,)
    assert rig.backup_ids() == sorted([good, moved])


def test_storage_that_cannot_be_listed_changes_nothing(rig: Rig) -> None:
    rig.backup()
    before = rig.backup_ids()
    (rig.directory / "backups").rename(rig.directory / "away")
    with pytest.raises(StorageFailed):
        rig.house.rescan.run(TARGET, OPERATOR)
    assert rig.backup_ids() == before
