"""The documented way back without Baseliner, run as it stands in docs/backups.md."""

from __future__ import annotations

import re
import shutil
import subprocess
from pathlib import Path

import pytest

from bot.settings import DirectorySettings
from bot.storage import open_storage
from tests.integration.storage.test_segments import DATA, store
from tests.unit.storage.samples import BACKUP_ID, TARGET

GUIDE = Path(__file__).parents[3] / "docs" / "backups.md"


@pytest.mark.skipif(shutil.which("zstd") is None, reason="needs the zstd program")
def test_the_archive_comes_back_by_the_commands_of_the_guide(tmp_path: Path) -> None:
    storage = open_storage(DirectorySettings(type="directory", path=tmp_path))
    storage.put_manifest(store(storage, limit=500_000))
    block = re.search(r"```sh\n(.+?)```", GUIDE.read_text("utf-8"), re.DOTALL)
    assert block is not None
    files = block[1].partition("# 4.")[0]
    folder = tmp_path / TARGET / BACKUP_ID
    done = subprocess.run(["bash", "-ec", files], cwd=folder, capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    assert done.stdout.count(": OK") == len(DATA) // 500_000 + 3
    assert (folder / "archive" / "3456.dat").read_bytes() == DATA
    assert (folder / "archive" / "toc.dat").read_bytes() == b"the table of contents"
    assert (folder / "globals.sql").read_text() == "CREATE ROLE app;"
