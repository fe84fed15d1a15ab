"""A serving process beside workers of its own hosts: it answers, though it has no password of any database."""

from __future__ import annotations

import pytest

from bot.errors import UsageError
from bot.models import Downtime, OperationState, RestoreRequest, UndoRequest
from tests.house import OPERATOR, TARGET, Rig


def test_what_people_ask_and_see_needs_no_password(rig: Rig) -> None:
    rig.backup()
    with rig.rebuilt(rig.setup.changed(password_env="NOT_SET_HERE")) as serving:
        (status,) = serving.services.overview.targets()
        assert (status.database, status.newest_backup is not None) == (rig.target.name, True)
        assert serving.services.restores.database_of(TARGET) == rig.target.name
        request = RestoreRequest(TARGET, "latest", "bad deploy", rig.target.name, Downtime.NOW)
        asked = serving.services.restores.request(request, OPERATOR)
        assert asked.state is OperationState.PLANNING
        with pytest.raises(UsageError, match="The name typed is not the database's"):
            serving.services.undos.request(UndoRequest(TARGET, "worse", "another"), OPERATOR)
    assert rig.run(asked).failure is None, "a worker that has the password makes the plan"
