"""Sizes as people write them: `500MB`, `8GB`, `1.5TB`; decimal units, as on a disk's label."""

from __future__ import annotations

import re

_UNITS = {
    "": 1,
    "KB": 10**3,
    "MB": 10**6,
    "GB": 10**9,
    "TB": 10**12,
    "KIB": 2**10,
    "MIB": 2**20,
    "GIB": 2**30,
    "TIB": 2**40,
}
_SIZE = re.compile(r"(\d+(?:\.\d+)?) ?(|[KMGT]I?B)", re.IGNORECASE)


def parse_size(text: str) -> int:
    """Bytes. Raises ValueError with an example."""
    found = _SIZE.fullmatch(text.strip())
    if not found:
        raise ValueError(f"{text!r} is not a size; write it like 500MB, 8GB or 1.5TB")
    return int(float(found[1]) * _UNITS[found[2].upper()])
