"""docs/install.md, followed step by step: its SQL, its settings and its commands do what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from configparser import ConfigParser
from contextlib import contextmanager
from pathlib import Path

import psycopg
import pytest

from sandbox.manifest import load_manifest
from sandbox.processes import HOST, Process, free_port
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.conftest import Clusters
from tests.house import TABLES
from tests.support import Bucket, random_name

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
PROGRAMS = Path(sys.executable).parent
PLACES = ("/opt/baseliner", "/usr/local/bin", "/etc/baseliner", "/var/lib/baseliner")
ADDRESS = f"{HOST}:8080"
HARMLESS = {
    "python3 -m venv": f"{sys.executable} -m venv --without-pip",
    "useradd": "useradd --prefix {root}",
    "--home-dir {root}": "--home-dir ",
    # The account is one of that folder alone.
    "-g baseliner": "",
    "chgrp baseliner": "chgrp root",
}
"""What is written otherwise, besides the places, which lie in a folder of the test's own."""
TRIED = {
    "python3 -m venv /opt/baseliner",
    "ln -s /opt/baseliner/bin/baseliner /usr/local/bin/",
    "useradd --system --user-group --create-home --home-dir /var/lib/baseliner baseliner",
    "install -d -g baseliner -m 0750 /etc/baseliner",
    "chgrp baseliner /etc/baseliner/baseliner.toml /etc/baseliner/environment",
    "chmod 0640 /etc/baseliner/baseliner.toml /etc/baseliner/environment",
    "cd /etc/baseliner",
    "set -a",
    ". ./environment",
    "set +a",
    "curl --fail --retry 20 --retry-delay 1 --retry-connrefused http://127.0.0.1:8080/readyz",
}
NOT_TRIED = {
    "apt-get install python3-venv postgresql-16": "it changes the machine; .ci/run installs the like before the tests",
    "git clone … baseliner": "the address is the reader's",
    "cd baseliner": "the tests stand in it already",
    "/opt/baseliner/bin/pip install -c constraints.txt .": "a minute: the image's build does it, `make` does it for us",
    "runuser --login baseliner": "the account is one of the test's own folder alone",
    "systemctl daemon-reload": "no systemd runs in a container",
    "systemctl enable --now baseliner": "no systemd runs in a container: the test starts what the unit says",
}


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


def commands(block: str) -> list[str]:
    return re.split(r" && |\n", block.strip())


def test_every_command_of_the_page_is_tried_or_named_with_the_reason_why_not() -> None:
    told = [command for block in blocks("console") for command in commands(block)]
    assert sorted(told) == sorted(TRIED | NOT_TRIED.keys())


class Reader:
    """Somebody who does what the page says, with names and places of their own."""

    def __init__(self, dsn: psycopg.ConnectionInfo, root: Path, names: Mapping[str, str]) -> None:
        self.root = root
        self.address = f"{HOST}:{free_port()}"
        places = {place: f"{root}{place}" for place in PLACES}
        self._names = {**names, **places, "db.internal:5432": f"{dsn.host}:{dsn.port}", ADDRESS: self.address}

    def adapted(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(theirs, ours)
        return text

    def place(self, path: str) -> Path:
        return Path(self.adapted(path))

    def script(self, block: str) -> str:
        """What can be tried of it."""
        return "\n".join(self._harmless(command) for command in commands(block) if command in TRIED)

    def run(self, script: str, environment: Mapping[str, str]) -> str:
        argv = ["bash", "-euc", script]
        done = subprocess.run(
            argv, cwd=self.root, env=dict(environment), capture_output=True, text=True, timeout=120, check=False
        )
        assert done.returncode == 0, f"{script}\n{done.stdout}\n{done.stderr}"
        return done.stdout

    def _harmless(self, command: str) -> str:
        command = self.adapted(command)
        for theirs, ours in HARMLESS.items():
            command = command.replace(theirs.format(root=self.root), ours.format(root=self.root))
        return command


@pytest.fixture
def slack() -> Iterator[RunningWorkspace]:
    with running_workspace(Workspace(manifest=load_manifest(ROOT / "manifest.yaml"))) as running:
        yield running


def test_a_reader_gets_from_the_role_to_a_verified_backup_and_a_service_that_is_ready(
    clusters: Clusters, slack: RunningWorkspace, s3: Bucket, tmp_path: Path
) -> None:
    cluster, name = clusters.get(16), random_name("stock")
    names = {
        "baseliner_state": f"{name}_state",
        "inventory_owner": f"{name}_owner",
        "ROLE baseliner": f"ROLE {name}_keeper",
        "TO baseliner": f"TO {name}_keeper",
        "OWNER baseliner": f"OWNER {name}_keeper",
        "//baseliner": f"//{name}_keeper",
        "5432/inventory": f"5432/{name}",
        "acme-database-backups": s3.name,
    }
    cluster.create_owned_database(name, f"{name}_owner")
    try:
        with psycopg.connect(cluster.dsn(name)) as connection:
            connection.execute(f'SET ROLE "{name}_owner"; CREATE SCHEMA app; SET search_path = app'.encode())
            connection.execute("; ".join(TABLES).encode())
            reader = Reader(connection.info, tmp_path, names)
        _follow(reader, slack, s3, cluster.dsn(), str(cluster.bin_dir))
    finally:
        cluster.drop_database(name)
        cluster.drop_database(f"{name}_state")
        cluster.execute(f"DROP ROLE IF EXISTS {name}_keeper, {name}_owner")


def _follow(reader: Reader, slack: RunningWorkspace, s3: Bucket, admin: str, tools: str) -> None:
    (statements,), (settings,), (secrets, unit) = blocks("sql"), blocks("toml"), blocks("ini")
    install, permissions, shell, start = blocks("console")
    with psycopg.connect(admin, autocommit=True) as connection:
        for statement in filter(None, map(str.strip, reader.adapted(statements).split(";"))):
            connection.execute(statement.encode())
    environment = {
        "PATH": f"{reader.place('/usr/local/bin')}:{os.environ['PATH']}",
        "HOME": str(reader.root),
        "COLUMNS": "250",
    }
    _install(reader, install, environment)
    _configure(reader, settings, secrets, slack, s3, tools)
    reader.run(reader.script(permissions), environment)
    doctor, first = [reader.run(f"{reader.script(shell)}\n{block}", environment) for block in blocks("sh")]
    assert "The worker is still to be started." in doctor
    ill = [line for line in doctor.splitlines() if re.match(r" ?(failed|unknown)", line)]
    assert len(ill) == 1, doctor
    assert "A worker serves the queue default" in ill[0]
    assert re.search(r"is verified: 131 rows in 3 tables are equal", first), first
    with _service(reader, unit, environment):
        assert '"ready":true' in reader.run(reader.script(start), environment)


def _install(reader: Reader, block: str, environment: Mapping[str, str]) -> None:
    for folder in ("/opt", "/usr/local/bin", "/etc", "/var/lib"):
        Path(f"{reader.root}{folder}").mkdir(parents=True)
    for name in ("passwd", "group", "shadow", "gshadow"):
        (reader.root / "etc" / name).touch()  # useradd's
    reader.run(reader.script(block), environment)
    assert reader.place("/var/lib/baseliner").is_dir()
    assert "baseliner:" in (reader.root / "etc" / "group").read_text()
    # As pip would.
    reader.place("/opt/baseliner/bin/baseliner").symlink_to(PROGRAMS / "baseliner")


def _configure(reader: Reader, settings: str, secrets: str, slack: RunningWorkspace, s3: Bucket, tools: str) -> None:
    bucket = f'bucket = "{s3.name}"\nendpoint = "{s3.endpoint_url}"\nregion = "{s3.region}"'
    text = reader.adapted(settings).replace(f'bucket = "{s3.name}"', bucket)
    text = text.replace('storage = "offsite"', f'storage = "offsite"\ntools = ["{tools}"]')
    reader.place("/etc/baseliner/baseliner.toml").write_text(text)
    credentials = slack.workspace.credentials
    told = dict(line.split("=", 1) for line in reader.adapted(secrets).splitlines())
    told |= s3.environment | {
        "SLACK_BOT_TOKEN": credentials.bot_token,
        "SLACK_APP_TOKEN": credentials.app_token,
        "SLACK_API_URL": slack.api_url,
    }
    lines = "".join(f"{name}={value}\n" for name, value in told.items())
    reader.place("/etc/baseliner/environment").write_text(lines)


@contextmanager
def _service(reader: Reader, text: str, environment: Mapping[str, str]) -> Iterator[None]:
    """What systemd would run, but as our own account, and at an address of our own; it must stop well."""
    unit = ConfigParser(interpolation=None)
    unit.read_string(reader.adapted(text))
    service = unit["Service"]
    assert f"{service['User']}:" in (reader.root / "etc" / "passwd").read_text()
    lines = Path(service["EnvironmentFile"]).read_text().splitlines()
    process = Process(
        [*service["ExecStart"].split(), "--http", reader.address],
        log=reader.root / "service.log",
        env={**environment, **dict(line.split("=", 1) for line in lines)},
        cwd=Path(service["WorkingDirectory"]),
        grace_s=float(service["TimeoutStopSec"]),
    )
    try:
        yield
    finally:
        assert process.stop() == 0, (reader.root / "service.log").read_text()
