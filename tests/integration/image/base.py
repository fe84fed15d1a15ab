"""A base for the image, made of Debian's packages, where no registry is at hand: what the usual slim image has, and
how this machine reaches package indices, which stands in no file of the repository."""

from __future__ import annotations

import ast
import platform
import shutil
import subprocess
import sys
from collections.abc import Mapping
from pathlib import Path

_PACKAGES = ("ca-certificates", "python3", "python3-venv")
_AUTHORITIES = Path("/etc/ssl/certs/ca-certificates.crt")
_LEFT_OUT = ("./var/lib/apt/lists/*", "./var/cache/apt/*")
_OF_PIP = ("index-url", "extra-index-url", "trusted-host", "timeout", "default-timeout", "proxy")


def debian_base(directory: Path) -> Path:
    """Make the base's files in `directory`, which need not exist, and return their tar. Needs debootstrap and root."""
    suite = platform.freedesktop_os_release()["VERSION_CODENAME"]
    shutil.rmtree(directory, ignore_errors=True)
    root = directory / "root"
    root.mkdir(parents=True)
    argv = ["debootstrap", "--variant=minbase", f"--include={','.join(_PACKAGES)}", suite, str(root)]
    made = subprocess.run(argv, capture_output=True, text=True, check=False)
    if made.returncode != 0:
        raise RuntimeError(f"debootstrap ended with exit code {made.returncode}:\n{made.stdout[-3000:]}{made.stderr}")
    shutil.copy(_AUTHORITIES, root / _AUTHORITIES.relative_to("/"))
    (root / "etc" / "pip.conf").write_text(pip_configuration(_pip_settings()))
    archive = directory / "base.tar"
    left_out = [f"--exclude={pattern}" for pattern in _LEFT_OUT]
    subprocess.run(["tar", "-C", str(root), "-cf", str(archive), *left_out, "."], check=True)
    shutil.rmtree(root)
    return archive


def pip_configuration(settings: Mapping[str, str]) -> str:
    """A pip.conf with what of these settings still means something elsewhere: no folders of this machine."""
    lines = [f"{name} = {value}" for name, value in sorted(settings.items()) if name in _OF_PIP and _is_remote(value)]
    return "\n".join(["[global]", f"cert = {_AUTHORITIES}", *lines, ""])


def _is_remote(value: str) -> bool:
    return "file:" not in value and not value.startswith("/")


def _pip_settings() -> dict[str, str]:
    """What pip on this machine is told by files and by the environment, by option."""
    listed = subprocess.run(
        [sys.executable, "-m", "pip", "config", "list"], capture_output=True, text=True, check=True
    ).stdout
    pairs = (line.partition("=") for line in listed.splitlines())
    return {key.rpartition(".")[2]: str(ast.literal_eval(value)).replace("\n", " ") for key, _, value in pairs}
