"""The machine that the figures hold for."""

from __future__ import annotations

import os
import platform
import resource
import sys
from pathlib import Path
from typing import Any

from bench.figures import MEGABYTE


def describe() -> dict[str, Any]:
    """Processor, memory and system, and how busy the machine was before the start: a loaded one measures nothing."""
    return {
        "processor": _field(Path("/proc/cpuinfo"), "model name") or platform.processor() or platform.machine(),
        "cores": os.cpu_count(),
        "memory_gb": round(os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES") / 1e9, 1),
        "system": f"{platform.system()} {platform.release()} {platform.machine()}",
        "python": platform.python_version(),
        "load_before": round(os.getloadavg()[0], 2),
    }


def peak_memory_mb(pid: int | None = None) -> float | None:
    """The most memory that a process (this one without a `pid`) had resident so far, in 10^6 bytes.

    From Linux' VmHWM, which begins anew with the program; ru_maxrss would begin with the memory of the process that
    started it. Elsewhere ru_maxrss, and None for other processes.
    """
    kilobytes = _field(Path(f"/proc/{pid or 'self'}/status"), "VmHWM")
    if kilobytes is not None:
        return int(kilobytes.split()[0]) * 1024 / MEGABYTE
    if pid is not None:
        return None
    unit = 1 if sys.platform == "darwin" else 1024
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss * unit / MEGABYTE


def _field(file: Path, name: str) -> str | None:
    """The first line `name: value` of a file; None when there is none."""
    try:
        text = file.read_text()
    except OSError:
        return None
    for line in text.splitlines():
        key, _, value = line.partition(":")
        if key.strip() == name:
            return value.strip()
    return None
