"""Standard Markdown, as the `markdown` block takes it, in terms of mrkdwn: the part that chat messages use."""

from __future__ import annotations

import re

_FENCE = re.compile(r"(```.*?```|`[^`\n]+`)", re.DOTALL)
_LANGUAGE = re.compile(r"^```[\w+-]+\n")
_RULES = (
    (re.compile(r"!?\[([^\]\n]+)\]\((https?://[^\s)]+)\)"), r"<\2|\1>"),
    (re.compile(r"(?<![*\w])\*(?!\s|\*)([^*\n]+?)\*(?![*\w])"), r"_\1_"),
    (re.compile(r"\*\*(?!\s)(.+?)\*\*|__(?!\s)(.+?)__"), lambda match: f"*{match[1] or match[2]}*"),
    (re.compile(r"~~(?!\s)(.+?)~~"), r"~\1~"),
    (re.compile(r"^#{1,6} +(.+?)\s*#*$", re.MULTILINE), r"*\1*"),
    (re.compile(r"^(\s*)[-*+] +", re.MULTILINE), r"\1• "),
)


def markdown_to_mrkdwn(text: str) -> str:
    """The same text with mrkdwn's marks; code stays as it is."""
    parts = _FENCE.split(text)
    return "".join(_LANGUAGE.sub("```", part) if index % 2 else _convert(part) for index, part in enumerate(parts))


def _convert(text: str) -> str:
    for pattern, replacement in _RULES:
        text = pattern.sub(replacement, text)
    return text
