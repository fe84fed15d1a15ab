"""What Fleet's HTTP interface takes; pydantic names what is wrong with anything else."""

from ipaddress import IPv4Address, IPv6Address
from typing import Annotated, Any, Literal

from pydantic import BaseModel, ConfigDict, Field

Role = Literal["edge-router", "core-switch", "access-switch", "firewall", "wireless-controller"]
Status = Literal["active", "maintenance", "retired"]
Hostname = Annotated[str, Field(pattern=r"^[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?$")]
Text = Annotated[str, Field(min_length=1, max_length=100, pattern=r"^[^\x00-\x1f]+$")]


class _Body(BaseModel):
    model_config = ConfigDict(extra="forbid", str_strip_whitespace=True)


class Page(_Body):
    """Which devices to list."""

    limit: int = Field(default=50, ge=1, le=500)
    offset: int = Field(default=0, ge=0, le=1_000_000)
    q: str = Field(default="", max_length=100, pattern=r"^[^\x00]*$")


class NewDevice(_Body):
    """A device to add."""

    hostname: Hostname
    site: Text
    role: Role
    os_version: Text
    management_address: IPv4Address | IPv6Address
    status: Status = "active"
    facts: dict[str, Any] = {}


class DeviceChange(_Body):
    """What to change of a device; fields left out stay as they are."""

    site: Text | None = None
    role: Role | None = None
    os_version: Text | None = None
    status: Status | None = None
    facts: dict[str, Any] | None = None


class NewRun(_Body):
    """A check of all active devices of a site against a policy."""

    policy: Text
    site: Text
    requested_by: Text = "api"
