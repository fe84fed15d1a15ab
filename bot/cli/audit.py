"""The audit log at the shell: verified against the exported heads, listed, exported."""

from __future__ import annotations

import csv
import sys
import textwrap
from collections.abc import Iterable, Iterator
from dataclasses import asdict
from datetime import UTC, datetime
from enum import StrEnum
from typing import Annotated, Any

import typer
from rich.table import Table
from rich.text import Text

from bot.canonical import canonical_json
from bot.cli.session import ConfigOption, JsonOption, err, house_of, out, print_json, told
from bot.models import AuditEntry, AuditFilter
from bot.moments import parse_past
from bot.operations.audit_heads import HeadsCompared, Verification

audit = typer.Typer(help="The audit log.", no_args_is_help=True)

_SHOWN = 50
_REASON = 80
_COLUMNS = (
    "position", "at", "actor_id", "actor_name", "surface", "action", "target", "operation_id", "plan_hash", "before",
    "after", "result", "correlation_id", "detail", "previous_hash", "hash",
)  # fmt: skip
_FORMULA = ("=", "+", "-", "@", "\t", "\r", "\n")


class ListFormat(StrEnum):
    TABLE = "table"
    CSV = "csv"
    JSON = "json"


@audit.command("verify")
def audit_verify(as_json: JsonOption = False, config: ConfigOption = None) -> None:
    """Walk the hash chain, and compare it with the heads that were exported to storage. Exits 1 at a broken link, and
    names it; and where heads cannot be read, since nobody knows then whether the log's end was cut off."""
    with told(as_json=as_json), house_of(config) as house:
        found = house.services.audit_heads.verify()
        if as_json:
            print_json(_verification_document(found))
        else:
            out().print(_chain_words(found), *map(_heads_words, found.heads), sep="\n", markup=False)
        if not found.holds:
            raise typer.Exit(1)


@audit.command("list")
def audit_list(
    target: Annotated[str | None, typer.Option(help="Entries of one target.")] = None,
    actor: Annotated[str | None, typer.Option(help="By a Slack id, a login, or a part of a name.")] = None,
    action: Annotated[str | None, typer.Option(help="Such as restore, restore.approved, or approved.")] = None,
    since: Annotated[str | None, typer.Option(help="Not older than: 7d, 2026-11-01, 2026-11-01T08:00 (UTC).")] = None,
    until: Annotated[str | None, typer.Option(help="Older than: the same.")] = None,
    form: Annotated[
        ListFormat,
        typer.Option(
            "--format",
            help="csv and json: every entry, oldest first, while it is read. In csv (RFC 4180, UTF-8) a cell that a "
            "spreadsheet would take for a formula (it begins with = + - @, a tab or a line break) gets a ' before it. "
            f"table: the newest {_SHOWN}.",
        ),
    ] = ListFormat.TABLE,
    as_json: Annotated[bool, typer.Option("--json", help="The same as --format json.")] = False,
    config: ConfigOption = None,
) -> None:
    """Who did what, when, on which plan, with which result."""
    as_json = as_json or form is ListFormat.JSON
    with told(as_json=as_json), house_of(config) as house:
        now = house.services.clock.now()
        wanted = AuditFilter(
            target=target,
            actor=actor,
            action=action,
            since=parse_past(since, now) if since else None,
            until=parse_past(until, now) if until else None,
        )
        if form is ListFormat.TABLE and not as_json:
            _print_table(house.services.audit.entries(_SHOWN + 1, wanted=wanted))
            return
        with house.services.audit.stream(wanted) as entries:
            sys.stdout.writelines(json_lines(entries) if as_json else csv_lines(entries))


def csv_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """RFC 4180, with a header; no cell is a formula to a spreadsheet."""
    line = _Line()
    writer = csv.writer(line, lineterminator="\r\n")
    writer.writerow(_COLUMNS)
    yield line.text
    for entry in entries:
        document = _document(entry)
        actor = document.pop("actor")
        row = document | {"actor_id": actor["id"], "actor_name": actor["name"], "surface": actor["surface"]}
        writer.writerow([_cell(row[column]) for column in _COLUMNS])
        yield line.text


def json_lines(entries: Iterable[AuditEntry]) -> Iterator[str]:
    """One document, an array, in pieces."""
    yield "["
    for number, entry in enumerate(entries):
        yield ("," if number else "") + canonical_json(_document(entry))
    yield "]\n"


class _Line:
    """What the csv writer wrote last."""

    text = ""

    def write(self, text: str) -> None:
        self.text = text


def _document(entry: AuditEntry) -> dict[str, Any]:
    document = asdict(entry)
    del document["actor"]["reference"]
    return document


def _cell(value: Any) -> str:
    if value is None:
        return ""
    if isinstance(value, datetime):
        value = value.isoformat()
    text = value if isinstance(value, str) else canonical_json(value)
    return f"'{text}" if text.startswith(_FORMULA) else text


def _print_table(entries: list[AuditEntry]) -> None:
    table = Table(box=None, pad_edge=False, header_style="bold")
    for column in ("", "At", "Who", "What", "Result", "Target", "Operation", "About"):
        table.add_column(column, overflow="fold")
    for entry in entries[:_SHOWN]:
        table.add_row(
            str(entry.position),
            f"{entry.at.astimezone(UTC):%Y-%m-%d %H:%M} UTC",
            Text(entry.actor.name),
            Text(entry.action),
            Text(entry.result),
            Text(entry.target or "-"),
            Text(entry.operation_id or "-"),
            Text(_about(entry)),
        )
    out().print(table if entries else "No entry.")
    if len(entries) > _SHOWN:
        err().print("There are more: --until, or --format csv for all of them.", markup=False)


def _about(entry: AuditEntry) -> str:
    """The backup and the reason, on one line without what would steer a terminal."""
    line = "".join(sign if sign.isprintable() else " " for sign in entry.reason)
    reason = textwrap.shorten(line, _REASON, placeholder="…")
    return ": ".join(filter(None, [entry.backup_id, reason])) or "-"


def _verification_document(found: Verification) -> dict[str, Any]:
    chain = found.chain
    return {
        "intact": found.holds,
        "entries": chain.entries,
        "head": chain.head,
        "first_broken": found.first_broken,
        "problem": chain.problem or next((each.problem for each in found.heads if each.problem), ""),
        "heads": [
            {
                "storage": each.storage,
                "compared": each.compared,
                "newest": asdict(each.newest) if each.newest else None,
                "problem": each.problem,
            }
            for each in found.heads
        ],
    }


def _chain_words(found: Verification) -> str:
    chain = found.chain
    if chain.intact:
        return f"Intact: {chain.entries} entries, head {chain.head}"
    return f"Broken at entry {chain.first_broken}: it {chain.problem}"


def _heads_words(heads: HeadsCompared) -> str:
    if heads.problem and heads.first_broken is not None:
        return f"Heads in {heads.storage}: broken from entry {heads.first_broken} on: {heads.problem}"
    if heads.problem:
        return f"Heads in {heads.storage} were not compared, so nobody knows whether the log ends here: {heads.problem}"
    if heads.newest is None:
        return f"Heads in {heads.storage}: none is exported yet, so a cut end would not be found"
    newest = heads.newest
    return f"Heads in {heads.storage}: {heads.compared} match, the newest of {newest.day} (entry {newest.position})"
