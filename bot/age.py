"""Keys of age: whom backups are encrypted to, and who can open them. An error never quotes a private key."""

from __future__ import annotations

from typing import TypeAlias

from pyrage import IdentityError, RecipientError, ssh, x25519

Recipient: TypeAlias = x25519.Recipient | ssh.Recipient
Identity: TypeAlias = x25519.Identity | ssh.Identity

_PRIVATE = ("AGE-SECRET-KEY-", "-----BEGIN")


def parse_recipient(text: str) -> Recipient:
    """A public key, as `age1…`, `ssh-ed25519 …` or `ssh-rsa …`. Raises ValueError."""
    text = text.strip()
    if text.upper().startswith(_PRIVATE):
        raise ValueError("is a private key; write the public one here (age-keygen -y prints it)")
    kind = ssh.Recipient if text.startswith("ssh-") else x25519.Recipient
    try:
        return kind.from_str(text)
    except RecipientError as error:
        raise ValueError(f"{text[:80]!r} is not a public key of age (age1…) or SSH (ssh-ed25519 …)") from error


def parse_identities(text: str) -> tuple[Identity, ...]:
    """The private keys of an identity file: lines as `AGE-SECRET-KEY-1…`, or one SSH key. Raises ValueError."""
    try:
        if text.lstrip().startswith("-----BEGIN"):
            return (ssh.Identity.from_buffer(text.encode()),)
        lines = [line.strip() for line in text.splitlines()]
        found = tuple(x25519.Identity.from_str(line) for line in lines if line and not line.startswith("#"))
    except IdentityError as error:
        raise ValueError("is not a private key of age (AGE-SECRET-KEY-1…) or SSH without a passphrase") from error
    if not found:
        raise ValueError("holds no private key")
    return found
