"""What a restore needs around the database: services and their containers, the deployed code, masking files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.doctor.allowed import Act, denied_calls, said_of
from bot.doctor.examination import Examination, Line
from bot.errors import BaselinerError
from bot.models import Check
from bot.operations.revisions import deployed_revisions
from bot.postgres.closed import demand_own_role
from bot.postgres.connection import server_of
from bot.postgres.facts import database_facts
from bot.postgres.masking import read_script
from bot.runtime.docker_engine import Engine
from bot.runtime.services import Services
from bot.runtime.stop import StopSignal
from bot.settings import RestoreSource, ServiceSettings, TargetSettings
from bot.settings_docker import TargetDocker

DOCKER = Line("docker", "The database's container is found")
PERMISSIONS = Line("docker_permissions", "The Engine allows what a restore does to services")
SERVICES = Line("services", "The application's services can be asked for")
MIGRATIONS = Line("migrations", "The deployed code names its revisions")


def masking_line(source: str) -> Line:
    return Line(f"masking_{source}", f"Backups of {source} can be masked")


def look_at_container(docker: TargetDocker) -> Check:
    """Raises EngineFailed, which says what the Engine must allow."""
    with Engine(docker.engine) as engine:
        container = engine.running(docker.project, docker.service)
        engine.inspect(container.id)
    return DOCKER.passed(f"{container.name}, of {container.image}, by {docker.engine.host}")


def look_at_permissions(docker: TargetDocker, services: Sequence[ServiceSettings], nobody: str) -> Check:
    """Whether an allow-list in front of the Engine lets through what a restore does to services.

    Each call is made for a container `nobody` that does not exist: what is allowed comes to nothing.
    Raises EngineFailed.
    """
    acts: dict[str, Act] = {
        "update": lambda client, nobody: client.update_container(nobody, restart_policy={"Name": "no"}),
        "start": lambda client, nobody: client.start(nobody),
        "stop": lambda client, nobody: client.stop(nobody),
    }
    if any(service.pause for service in services):
        acts |= {
            "pause": lambda client, nobody: client.pause(nobody),
            "unpause": lambda client, nobody: client.unpause(nobody),
        }
    denied = denied_calls(docker, acts.values(), nobody)
    if denied:
        return PERMISSIONS.failed(*said_of(denied))
    return PERMISSIONS.passed(f"{', '.join(acts)} of containers")


def look_at_services(settings: TargetSettings) -> Sequence[Check]:
    """Asks each for its state; nothing is stopped or started."""
    services = Services(settings)
    if not services.names:
        return [SERVICES.passed("none are named: a restore stops nothing, and ends the sessions alone")]
    states, problems = [], []
    for name in services.names:
        try:
            states.append(f"{name} {'runs' if services.running(name) else 'is stopped'}")
        except BaselinerError as error:
            problems.append(error)
    if problems:
        return [SERVICES.failed(str(problem), problem.remedy or "Correct its status command.") for problem in problems]
    return [SERVICES.passed(", ".join(states))]


def look_at_migrations(settings: TargetSettings, stop: StopSignal) -> Check:
    """Raises ToolFailed."""
    heads = deployed_revisions(settings, stop).heads
    if len(heads) != 1:
        return MIGRATIONS.failed(f"it has {len(heads)} heads", "Merge them: alembic merge heads, then deploy.")
    return MIGRATIONS.passed(f"head {heads[0]}")


def of_masking(
    source: str, allowed: RestoreSource, settings: TargetSettings, environment: Mapping[str, str]
) -> Examination:
    return Examination(masking_line(source), lambda _stop: _look_at_masking(source, allowed, settings, environment))


def _look_at_masking(
    source: str, allowed: RestoreSource, settings: TargetSettings, environment: Mapping[str, str]
) -> Check:
    """Raises Refused where the file will not do, or rows could be read before; DatabaseUnreachable."""
    line = masking_line(source)
    if allowed.script is None:
        return line.warning(
            "nothing is masked: masking = false",
            f"Name a file of SQL in restore_from.{source}, unless everybody there may see the rows.",
        )
    script = read_script(allowed.script)
    server = server_of(settings, environment)
    with server.connect() as connection:
        demand_own_role(connection, database_facts(connection, server.database).owner)
    return line.passed(f"by {len(script.statements)} statements of {script.path}")
