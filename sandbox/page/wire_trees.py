"""Requests and replies as they were on the wire, made readable."""

from __future__ import annotations

import json
from urllib.parse import parse_qsl

from sandbox.model import Json
from sandbox.page.dates import Reader, full_moment
from sandbox.page.tree import part
from sandbox.wire import Exchange

_MAX_CHARACTERS = 20_000


def exchange_tree(exchange: Exchange, reader: Reader) -> Json:
    """One line which opens to show the request and the reply."""
    moment = reader.moment(exchange.started)
    failed = exchange.status is None or exchange.status >= 400 or '"ok": false' in exchange.reply[:200]
    outcome = "no reply" if exchange.status is None else str(exchange.status)
    to_app = exchange.sender == "workspace"
    summary = part(
        "summary",
        "wire__line",
        part("span", "wire__time", f"{moment:%H:%M:%S}", title=full_moment(exchange.started, reader)),
        part("span", f"wire__way wire__way--{'out' if to_app else 'in'}", "→ app" if to_app else "app →"),
        part("span", "wire__name", exchange.name),
        part("span", f"wire__status{' wire__status--failed' if failed else ''}", outcome),
        part("span", "wire__took", f"{exchange.seconds * 1000:.0f} ms"),
    )
    return part(
        "details",
        "wire__exchange",
        summary,
        part("div", "wire__title", f"Request over {exchange.via}"),
        part("pre", "preformatted wire__body", readable(exchange.request) or "(empty)"),
        part("div", "wire__title", "Reply"),
        part("pre", "preformatted wire__body", readable(exchange.reply) or "(empty)"),
        data_testid="wire-exchange",
    )


def readable(text: str) -> str:
    """JSON indented, a form one field a line with the JSON in it indented; anything else as it is. Cut when long."""
    pretty = _json(text)
    if pretty is None and "=" in text and not any(character in text for character in "\n <"):
        fields = parse_qsl(text, keep_blank_values=True)
        pretty = "\n".join(f"{name}: {_json(value) or value}" for name, value in fields)
    pretty = text if pretty is None else pretty
    return pretty if len(pretty) <= _MAX_CHARACTERS else f"{pretty[:_MAX_CHARACTERS]}\n… cut here"


def _json(text: str) -> str | None:
    if not text.lstrip().startswith(("{", "[")):
        return None
    try:
        return json.dumps(json.loads(text), indent=2, ensure_ascii=False)
    except ValueError:
        return None
