"""Which faults a version of PostgreSQL still has that matter to backups, and whether it still gets fixes. Pure.

Source: postgresql.org/support/security and /support/versioning.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from itertools import takewhile


@dataclass(frozen=True)
class Fix:
    """The first minor version of each major that has it; a major that is not named never got it."""

    name: str
    what: str
    since: Mapping[int, int]


FIXES = (
    Fix(
        "CVE-2025-8714",
        "a dump from a foreign superuser runs commands in psql",
        {13: 22, 14: 19, 15: 14, 16: 10, 17: 6},
    ),
    Fix(
        "CVE-2026-18408",
        "psql obeys what a plain dump says after \\unrestrict",
        {14: 24, 15: 19, 16: 15, 17: 11, 18: 6},
    ),
)
LAST_FIXES = {
    13: date(2025, 11, 13),
    14: date(2026, 11, 12),
    15: date(2027, 11, 11),
    16: date(2028, 11, 9),
    17: date(2029, 11, 8),
    18: date(2030, 11, 14),
}
"""The day from which a major version gets no fixes any more."""


def lacking(version: str) -> list[str]:
    """What such a version, as `16.14`, still has. A prerelease (`19beta1`) is taken for its major's first version."""
    major, _, minor = version.partition(".")
    number = int("".join(takewhile(str.isdigit, major)) or "0")
    return [told for fix in FIXES if (told := _lacking(fix, number, int(minor) if minor.isdecimal() else 0))]


def _lacking(fix: Fix, major: int, minor: int) -> str:
    if major > max(fix.since):
        return ""
    if major not in fix.since:
        return f"{fix.name} ({fix.what}; {major} never got the fix)"
    since = fix.since[major]
    return f"{fix.name} ({fix.what}; fixed in {major}.{since})" if minor < since else ""


def out_of_support(major: int, today: date) -> bool:
    """Whether this major version gets no fixes any more."""
    return major < min(LAST_FIXES) or (major in LAST_FIXES and today >= LAST_FIXES[major])
