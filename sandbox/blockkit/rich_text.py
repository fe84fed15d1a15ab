"""Rich text. Source: docs, reference/block-kit/blocks/rich-text-block."""

from __future__ import annotations

from collections.abc import Mapping

from sandbox.blockkit.rules import Rule, anything, array, boolean, integer, one_of, shape, string, typed

_SOURCE = "docs: reference/block-kit/blocks/rich-text-block"

_STYLE = shape(
    "rich_text.style",
    _SOURCE,
    dict.fromkeys(
        ("bold", "italic", "strike", "code", "underline", "highlight", "client_highlight", "unlink"), boolean
    ),
)


def _inline(name: str, fields: Mapping[str, Rule], required: str) -> Rule:
    return shape(f"rich_text.{name}", _SOURCE, {"type": anything, "style": _STYLE, **fields}, required)


_EMOJI: Mapping[str, Rule] = {
    "name": string(),
    "unicode": string(),
    "url": string(),
    "skin_tone": integer(2, 6),
}
_TEXT_AND_LINK: Mapping[str, Rule] = {
    "text": _inline("text", {"text": string()}, "text"),
    "link": _inline("link", {"url": string(), "text": string(), "unsafe": boolean}, "url"),
}
_INLINE = typed(
    "rich_text.inline",
    {
        **_TEXT_AND_LINK,
        "emoji": _inline("emoji", _EMOJI, "name"),
        "user": _inline("user", {"user_id": string()}, "user_id"),
        "usergroup": _inline("usergroup", {"usergroup_id": string()}, "usergroup_id"),
        "channel": _inline("channel", {"channel_id": string()}, "channel_id"),
        "team": _inline("team", {"team_id": string()}, "team_id"),
        "broadcast": _inline("broadcast", {"range": one_of("here", "channel", "everyone")}, "range"),
        "color": _inline("color", {"value": string(pattern="#[0-9A-Fa-f]{6}", example="#F405B3")}, "value"),
        "date": _inline(
            "date",
            {"timestamp": integer(0), "format": string(), "url": string(), "fallback": string()},
            "timestamp format",
        ),
    },
)


def _part(name: str, fields: Mapping[str, Rule]) -> Rule:
    return shape(name, _SOURCE, {"type": anything, **fields}, "elements")


_CONTENT = array(_INLINE, min_items=0)
_PREFORMATTED = array(typed("rich_text.preformatted", _TEXT_AND_LINK), min_items=0)
_SECTION = _part("rich_text_section", {"elements": _CONTENT})

RICH_TEXT = shape(
    "rich_text",
    _SOURCE,
    {
        "type": anything,
        "block_id": string(255),
        "elements": array(
            typed(
                "rich_text",
                {
                    "rich_text_section": _SECTION,
                    "rich_text_preformatted": _part(
                        "rich_text_preformatted",
                        {"elements": _PREFORMATTED, "border": integer(0, 1), "language": string()},
                    ),
                    "rich_text_quote": _part("rich_text_quote", {"elements": _CONTENT, "border": integer(0, 1)}),
                    "rich_text_list": shape(
                        "rich_text_list",
                        _SOURCE,
                        {
                            "type": anything,
                            "style": one_of("bullet", "ordered"),
                            "elements": array(typed("rich_text_list", {"rich_text_section": _SECTION}), min_items=0),
                            "indent": integer(0, 8),
                            "offset": integer(0),
                            "border": integer(0, 1),
                        },
                        "style elements",
                    ),
                },
            ),
            min_items=0,
        ),
    },
    "elements",
)
