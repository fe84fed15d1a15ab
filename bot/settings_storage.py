"""Settings of where backups are kept, and of whom they are encrypted to."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

from pydantic import AfterValidator, BaseModel, BeforeValidator, ConfigDict, Field, model_validator

from bot.age import parse_recipient

Url = Annotated[str, Field(pattern=r"^https?://")]
Variable = Annotated[str, Field(pattern=r"^[A-Za-z_][A-Za-z0-9_]*$")]
"""The name of an environment variable."""

_FROZEN_CLASSES = ("GLACIER", "DEEP_ARCHIVE")


def _recipient(value: str) -> str:
    parse_recipient(value)
    return value


class Section(BaseModel):
    model_config = ConfigDict(frozen=True, extra="forbid", str_strip_whitespace=True, hide_input_in_errors=True)


class S3Credentials(Section):
    """The environment variables that hold one pair of keys; the keys themselves never stand in the file."""

    access_key_env: Variable
    secret_key_env: Variable
    session_token_env: Variable | None = None


class S3Settings(Section):
    type: Literal["s3"]
    bucket: str = Field(min_length=3)
    prefix: str = ""
    endpoint: Url | None = None
    region: str = "us-east-1"
    path_style: bool | None = None
    """None: as the endpoint wants it, which is by path unless it is Amazon's"""
    storage_class: str | None = None
    """of the objects; the manifest keeps the bucket's own"""
    sse: Literal["AES256", "aws:kms"] | None = None
    sse_kms_key_id: str | None = None
    object_lock_days: int | None = Field(default=None, ge=1, le=36_500)
    object_lock_mode: Literal["GOVERNANCE", "COMPLIANCE"] = "GOVERNANCE"
    max_parts: int = Field(default=10_000, ge=2, le=10_000)
    """how many parts an object may have"""
    credentials: S3Credentials | None = None
    """None: the usual AWS_* variables and files"""
    prune_credentials: S3Credentials | None = None
    """used to remove; None: those that upload"""

    @model_validator(mode="after")
    def _fitting(self) -> S3Settings:
        if self.sse_kms_key_id is not None and self.sse != "aws:kms":
            raise ValueError('sse_kms_key_id is of use only with sse = "aws:kms"')
        if self.storage_class in _FROZEN_CLASSES:
            raise ValueError(
                f"storage_class {self.storage_class} cannot be read without hours of thawing, so no drill or restore "
                "could: use GLACIER_IR or STANDARD_IA, or let a lifecycle rule of the bucket move old backups"
            )
        return self


class DirectorySettings(Section):
    type: Literal["directory"]
    path: Path


Recipient = Annotated[str, AfterValidator(_recipient)]


class Encryption(Section):
    """Whom a target's backups are encrypted to, and the private key, which only a restore or a drill needs."""

    recipients: tuple[Recipient, ...] = ()
    """public keys of age or SSH; any of them opens a backup. None: what comes is not encrypted"""
    identity_file: Path | None = None
    identity_env: Variable | None = None
    """the environment variable that holds the private key itself"""


StorageSettings = Annotated[S3Settings | DirectorySettings, Field(discriminator="type")]


def _names(value: object) -> object:
    return (value,) if isinstance(value, str) else value


def _different(value: tuple[str, ...]) -> tuple[str, ...]:
    if len(set(value)) < len(value):
        raise ValueError("names the same storage twice")
    return value


StorageNames = Annotated[tuple[str, ...], Field(min_length=1), BeforeValidator(_names), AfterValidator(_different)]
