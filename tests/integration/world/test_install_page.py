"""docs/install.md, followed step by step: its SQL, its settings and its commands do what it says."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

import psycopg
import pytest

from sandbox.manifest import load_manifest
from sandbox.testing import RunningWorkspace, running_workspace
from sandbox.workspace import Workspace
from tests.conftest import Clusters
from tests.house import TABLES
from tests.support import Bucket, random_name

ROOT = Path(__file__).parents[3]
PAGE = (ROOT / "docs" / "install.md").read_text("utf-8")
PASSWORD = "a-long-password"


def blocks(kind: str) -> list[str]:
    return re.findall(rf"^```{kind}\n(.*?)^```", PAGE, re.DOTALL | re.MULTILINE)


class Reader:
    """Somebody who does what the page says, with names of their own."""

    def __init__(self, dsn: psycopg.ConnectionInfo, names: Mapping[str, str]) -> None:
        self._names = {**names, "db.internal:5432": f"{dsn.host}:{dsn.port}"}

    def adapted(self, text: str) -> str:
        for theirs, ours in self._names.items():
            text = text.replace(theirs, ours)
        return text


@pytest.fixture
def slack() -> Iterator[RunningWorkspace]:
    with running_workspace(Workspace(manifest=load_manifest(ROOT / "manifest.yaml"))) as running:
        yield running


def test_a_reader_gets_from_the_role_to_a_verified_backup(
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
        "/var/lib/baseliner": str(tmp_path),
        "acme-database-backups": s3.name,
    }
    cluster.create_owned_database(name, f"{name}_owner")
    try:
        with psycopg.connect(cluster.dsn(name)) as connection:
            connection.execute(f'SET ROLE "{name}_owner"; CREATE SCHEMA app; SET search_path = app'.encode())
            connection.execute("; ".join(TABLES).encode())
            reader = Reader(connection.info, names)
        _follow(reader, slack, s3, cluster.dsn(), str(cluster.bin_dir), tmp_path)
    finally:
        cluster.drop_database(name)
        cluster.drop_database(f"{name}_state")
        cluster.execute(f"DROP ROLE IF EXISTS {name}_keeper, {name}_owner")


def _follow(reader: Reader, slack: RunningWorkspace, s3: Bucket, admin: str, programs: str, folder: Path) -> None:
    (script,), (settings,), (secrets, _unit) = blocks("sql"), blocks("toml"), blocks("ini")
    with psycopg.connect(admin, autocommit=True) as connection:
        for statement in filter(None, map(str.strip, reader.adapted(script).split(";"))):
            connection.execute(statement.encode())
    bucket = f'bucket = "{s3.name}"\nendpoint = "{s3.endpoint_url}"\nregion = "{s3.region}"'
    text = reader.adapted(settings).replace(f'bucket = "{s3.name}"', bucket)
    text = text.replace('storage = "offsite"', f'storage = "offsite"\ntools = ["{programs}"]')
    (folder / "baseliner.toml").write_text(text)
    credentials = slack.workspace.credentials
    told = dict(line.split("=", 1) for line in reader.adapted(secrets).splitlines())
    environment = told | s3.environment | {
        "SLACK_BOT_TOKEN": credentials.bot_token,
        "SLACK_APP_TOKEN": credentials.app_token,
        "SLACK_API_URL": slack.api_url,
        "PATH": f"{Path(sys.executable).parent}:{os.environ['PATH']}",
        "HOME": str(folder), "COLUMNS": "250",
    }  # fmt: skip
    doctor, first = [_run(block, folder, environment) for block in blocks("sh")]
    assert "The worker is still to be started." in doctor
    ill = [line for line in doctor.splitlines() if re.match(r" ?(failed|unknown)", line)]
    assert len(ill) == 1, doctor
    assert "A worker serves the queue default" in ill[0]
    assert re.search(r"is verified: 131 rows in 3 tables are equal", first), first


def _run(block: str, folder: Path, environment: Mapping[str, str]) -> str:
    done = subprocess.run(
        ["bash", "-euc", block],
        cwd=folder,
        env=dict(environment),
        capture_output=True,
        text=True,
        timeout=120,
        check=False,
    )
    assert done.returncode == 0, f"{block}\n{done.stdout}\n{done.stderr}"
    return done.stdout
