"""What a killed worker left in the database's container, which does not run when it is looked for."""

from __future__ import annotations

from dataclasses import replace

import pytest

from bot.errors import EngineUnreachable
from bot.operations.tooling import remove_remains, remove_remains_now
from tests.docker_deployment import Deployment
from tests.house import OPERATOR, TARGET, Rig

pytestmark = pytest.mark.docker


def test_what_lies_in_a_stopped_container_is_removed_once_it_runs(rig: Rig, project: Deployment) -> None:
    made = project.add("db", ["/usr/bin/sleep", "infinity"], stop_signal="SIGKILL")
    project.execute(made, ["mkdir", "/tmp/baseliner-x7"])
    setup = rig.setup.changed(docker=project.settings)
    setup = replace(setup, document={**setup.document, "docker": {"host": project.engine.host}})
    with rig.rebuilt(setup) as beside:
        context = beside.house.context
        project.client.stop(made)
        said = r"-db-1 is exited\. /tmp/baseliner-x7 may be left in it\."
        with pytest.raises(EngineUnreachable, match=said) as told:
            remove_remains(context, TARGET, "x7")
        assert told.value.remedy.startswith("Start it (docker compose")
        assert "may be left in it" in remove_remains_now(context, TARGET, "x7")
        project.client.start(made)
        assert remove_remains(context, TARGET, "x7") == ""
        project.execute(made, ["sh", "-c", "test ! -e /tmp/baseliner-x7"])
        project.remove("db")
        assert remove_remains(context, TARGET, "x7") == "", "it took all with it"


def test_where_tools_never_ran_nothing_is_said_to_be_left(rig: Rig, project: Deployment) -> None:
    project.client.stop(project.add("db", ["/usr/bin/sleep", "infinity"], stop_signal="SIGKILL"))
    setup = rig.setup.changed(docker=project.settings, dsn="postgresql://nobody@127.0.0.1:1/inventory")
    setup = replace(setup, document={**setup.document, "docker": {"host": project.engine.host}})
    with rig.rebuilt(setup) as beside:
        failure = beside.run(beside.services.backups.request(TARGET, OPERATOR)).failure
        assert failure is not None
        assert failure.left_as_it_was == "No backup was recorded and storage was cleaned. The database was only read."
        assert beside.house.work.leftovers.settle_due(TARGET) == []
