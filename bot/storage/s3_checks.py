"""Whether S3 holds what was sent: its checksums against ours, and its ETags where it answers no checksum."""

from __future__ import annotations

import base64
import hashlib
import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from bot.errors import StorageFailed

_MD5 = re.compile(r'"?([0-9a-fA-F]{32})(?:-(\d+))?"?')


@dataclass(frozen=True)
class SentPart:
    """One part that S3 took. `md5` is known where the ETag was compared with it."""

    number: int
    etag: str
    sha256: bytes
    md5: bytes | None


def as_checksum(digest: bytes) -> str:
    """As S3 writes it."""
    return base64.b64encode(digest).decode()


def check_arrival(answer: Mapping[str, Any], body: bytes | bytearray, sha256: bytes, what: str) -> bytes | None:
    """Compare an answer to an upload with what was sent; returns the MD5 where it was needed. Raises StorageFailed."""
    said = answer.get("ChecksumSHA256")
    if said is not None:
        if said != as_checksum(sha256):
            raise _changed(what, "checksum")
        return None
    found = _md5_of(answer)
    if found is None or found[1] is not None:
        return None
    md5 = hashlib.md5(body, usedforsecurity=False).digest()
    if found[0] != md5.hex():
        raise _changed(what, "ETag")
    return md5


def check_whole(answer: Mapping[str, Any], sha256: bytes, md5: bytes | None, what: str) -> None:
    """Compare what S3 says of an object that was sent in one piece. Raises StorageFailed."""
    said = answer.get("ChecksumSHA256")
    if said is not None:
        if said != as_checksum(sha256):
            raise _changed(what, "checksum")
    elif md5 is not None and (found := _md5_of(answer)) is not None and found != (md5.hex(), None):
        raise _changed(what, "ETag")


def check_joined(answer: Mapping[str, Any], parts: Sequence[SentPart], sha256: bytes, what: str) -> None:
    """Compare what S3 says of an object that it joined from parts. Raises StorageFailed.

    S3 answers the SHA-256 of the parts' SHA-256s, some servers that of the whole object.
    """
    said = answer.get("ChecksumSHA256")
    if said is not None:
        joined = hashlib.sha256(b"".join(part.sha256 for part in parts)).digest()
        checksum, _, count = str(said).partition("-")
        if checksum not in (as_checksum(joined), as_checksum(sha256)) or count not in ("", str(len(parts))):
            raise _changed(what, "checksum")
        return
    found = _md5_of(answer)
    md5s = [part.md5 for part in parts if part.md5 is not None]
    if found is None or found[1] is None or len(md5s) != len(parts):
        return
    joined_md5 = hashlib.md5(b"".join(md5s), usedforsecurity=False).hexdigest()
    if found != (joined_md5, str(len(parts))):
        raise _changed(what, "ETag")


def _md5_of(answer: Mapping[str, Any]) -> tuple[str, str | None] | None:
    """The MD5 in an ETag, and of how many parts it is; None where the ETag is something else."""
    if str(answer.get("ServerSideEncryption", "")).startswith("aws:kms") or "SSECustomerAlgorithm" in answer:
        return None
    found = _MD5.fullmatch(str(answer.get("ETag", "")))
    return (found[1].lower(), found[2]) if found else None


def _changed(what: str, proof: str) -> StorageFailed:
    return StorageFailed(
        f"{what} arrived changed: the server's {proof} differs from what was sent.",
        "Check the network and the storage's own memory and disks, then try again.",
    )
