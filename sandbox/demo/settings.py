"""What the bot of the demo is told: its settings file and its environment."""

import json
import os
import shlex
from collections.abc import Mapping
from pathlib import Path
from typing import Any

from sandbox.cluster import SUPERUSER
from sandbox.demo.world import BUCKET, DATABASE, World
from sandbox.sample.control import SERVICES, control_argv
from sandbox.sample.database import ALEMBIC_INI, alembic

_PASSWORD = "FLEET_PASSWORD"
_OURS = ("SLACK_", "BASELINER_", "AWS_", "PG")


def write_settings(world: World) -> str:
    """The text of `baseliner.toml`. No secret is in it."""
    workspace, application = world.workspace, world.application
    approvers = [user for user, role in workspace.users.items() if role == "Approver"]
    operators = [user for user, role in workspace.users.items() if role == "Operator"]
    address = f"{application.cluster.host}:{application.cluster.port}"
    sections: list[tuple[str, dict[str, Any]]] = [
        ("[staging]", {"path": str(world.directory / "staging")}),
        ("[slack]", {"team_id": workspace.team_id}),
        (
            "[slack.channels]",
            {
                "operations": workspace.channels["db-ops"],
                "approvals": workspace.channels["db-approvals"],
                "alerts": workspace.channels["db-alerts"],
            },
        ),
        ("[policy]", {"requesters": operators + approvers, "approvers": approvers}),
        (
            "[storage.offsite]",
            {
                "type": "s3",
                "bucket": BUCKET,
                "prefix": "demo",
                "endpoint": world.objects.endpoint_url,
                "region": world.objects.region,
            },
        ),
        (
            "[targets.fleet]",
            {
                "dsn": f"postgresql://{SUPERUSER}@{address}/{DATABASE}",
                "password_env": _PASSWORD,
                "storage": "offsite",
                "rpo": "1h",
                "schedule": "*/30 * * * *",
                "log_shipping": True,
                "tools": [str(application.cluster.bin_dir)],
            },
        ),
        ("[targets.fleet.retention]", {"last": 10, "hourly": 24, "daily": 7}),
        ("[targets.fleet.drill]", {"smoke": ["SELECT count(*) > 0 FROM devices"]}),
        ("[targets.fleet.application]", {"health_url": f"{application.url}/health"}),
        *(_service(world, service) for service in SERVICES),
        (
            "[targets.fleet.migrations]",
            {
                "heads": alembic("heads"),
                "history": alembic("history"),
                "directory": str(ALEMBIC_INI.parent),
            },
        ),
    ]
    return "\n".join(_section(heading, values) for heading, values in sections)


def bot_environment(world: World) -> dict[str, str]:
    """The variables that the bot reads; all secrets of the demo are here."""
    workspace = world.workspace
    return {
        "BASELINER_CONFIG": str(world.directory / "baseliner.toml"),
        "BASELINER_STATE_DSN": world.state.dsn,
        "SLACK_API_URL": f"{workspace.url}/api/",
        "SLACK_BOT_TOKEN": workspace.bot_token,
        "SLACK_APP_TOKEN": workspace.app_token,
        "AWS_ACCESS_KEY_ID": world.objects.access_key,
        "AWS_SECRET_ACCESS_KEY": world.objects.secret_key,
        "AWS_DEFAULT_REGION": world.objects.region,
        _PASSWORD: world.application.cluster.password,
    }


def process_environment(world: World) -> dict[str, str]:
    """The environment of a bot process: ours, without what a developer's shell says about another bot."""
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(_OURS)}
    return inherited | bot_environment(world)


def write_files(world: World) -> None:
    """Write `baseliner.toml` and `demo.env`, which a shell sources to use `baseliner` on the demo."""
    (world.directory / "staging").mkdir(mode=0o700)
    _write(world.directory / "baseliner.toml", write_settings(world))
    _write(world.directory / "demo.env", _exports(bot_environment(world)))


def _service(world: World, service: str) -> tuple[str, dict[str, Any]]:
    acts = ("stop", "start", "status")
    argv = {act: control_argv(world.application.state_dir, act, service) for act in acts}
    return "[[targets.fleet.application.services]]", {"name": service, **argv}


def _section(heading: str, values: Mapping[str, Any]) -> str:
    # A JSON string, boolean or list of strings is the same in TOML.
    lines = [f"{key} = {json.dumps(value, ensure_ascii=False)}" for key, value in values.items()]
    return "\n".join([heading, *lines, ""])


def _exports(variables: Mapping[str, str]) -> str:
    return "".join(f"export {name}={shlex.quote(value)}\n" for name, value in variables.items())


def _write(path: Path, text: str) -> None:
    path.touch(mode=0o600)
    path.write_text(text, encoding="utf-8")
