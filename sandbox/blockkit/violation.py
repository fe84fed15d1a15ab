"""One broken rule."""

from __future__ import annotations

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Violation:
    """Where, which rule, what is wrong, and where Slack says so."""

    pointer: str
    """JSON pointer into the payload, such as `/blocks/0/text/text`."""
    rule: str
    """A stable name, such as `section.text.max_length`."""
    message: str
    """What is wrong, in Slack's manner."""
    source: str

    def __str__(self) -> str:
        return f"{self.message} [json-pointer:{self.pointer}]"
