"""The catalog as a table, one backup in full, and the dialog that pins it."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import datetime

from bot.models import BackupKind, Manifest
from bot.operations.catalog import Details, Entry, Page
from handlers import ids
from handlers.text import age, brief_age, code, date, duration, inline, listed, literal, number, plural, size
from handlers.views.backups import KINDS, no_backup
from handlers.views.blocks import (
    Block,
    Message,
    actions,
    button,
    context,
    fields,
    input_block,
    literal_section,
    modal,
    option,
    section,
    static_select,
    text_input,
)
from handlers.views.people import mention
from handlers.views.tables import cell, date_cell, table

_ALL = "All targets"


def catalog_message(page: Page, targets: Sequence[str], now: datetime) -> Message:
    """Newest first; every target's where the page has none of its own."""
    of = f" of {page.target}" if page.target else ""
    title = f"Backups{of}, newest first" + (f": page {page.number} of {page.pages}" if page.pages > 1 else "")
    if not page.entries:
        blocks = [no_backup(page.target)] if page.target else [section("There is no backup yet.")]
        return Message(f"There is no backup{of} yet.", [*blocks, *_controls(page, targets, now)])
    blocks = [section(f"*{inline(title)}*"), _table(page, now), context(*_notes(page)), *_controls(page, targets, now)]
    return Message(title, blocks)


def details_modal(details: Details, channel: str, now: datetime) -> Block:
    """What the manifest says, and what is known of the backup since."""
    entry = details.entry
    backup, manifest = entry.backup, entry.backup.manifest
    blocks = [
        section(f"*{KINDS[backup.kind].capitalize()}* of {code(backup.target)}\n{code(backup.id)}"),
        fields(_about(details, now)),
        fields(_contents(manifest)),
        section(f"*Location*\n{code(backup.location, 1000)}"),
        section(f"*Objects* ({number(len(manifest.objects))})\n{_objects(manifest)}"),
    ]
    if manifest.note:
        blocks.append(literal_section(f"Note: {literal(manifest.note, 1500)}"))
    blocks += [*_pin(entry), context(f"Manifest SHA-256 {code(backup.manifest_sha256)}")]
    return modal("Backup", blocks, private_metadata=ids.encode(ids.ModalContext(channel, backup.target)))


def pin_modal(backup_id: str, channel: str) -> Block:
    """Asks why."""
    why = text_input(ids.REASON, "Such as: evidence for the audit of 2026", max_length=500)
    return modal(
        "Keep a backup",
        [
            section(f"{code(backup_id)} stays until somebody lets it go, whatever retention says."),
            input_block("Reason", why, ids.REASON),
        ],
        callback_id=ids.PIN_MODAL,
        submit="Keep",
        private_metadata=ids.encode(ids.ModalContext(channel, backup=backup_id)),
    )


def kept_until(entry: Entry) -> str | datetime:
    """A date where it can be told, else on what it depends."""
    if entry.pin is not None:
        return "pinned"
    if entry.forecast is None:
        return "always"
    outlook = entry.forecast.outlook
    return outlook.until if outlook.until is not None and entry.forecast.judgement.keep else outlook.words


def _table(page: Page, now: datetime) -> Block:
    header = ["Backup", *([] if page.target else ["Target"]), "Age", "Size", "Took", "Verified", "Kept until"]
    rows = [_row(entry, now, with_target=page.target is None) for entry in page.entries]
    return table(header, rows, right=("Size", "Took"), wrapped=("Kept until",))


def _notes(page: Page) -> list[str]:
    told = ["Kept until: as things are now. Each backup counts for retention: more of them may end it sooner."]
    if any(entry.backup.kind is BackupKind.SAFETY for entry in page.entries):
        told.append("`latest` is the newest that is no safety backup.")
    return told


def _row(entry: Entry, now: datetime, *, with_target: bool) -> list[Block]:
    backup, until = entry.backup, kept_until(entry)
    return [
        cell(f"{backup.id} (safety)" if backup.kind is BackupKind.SAFETY else backup.id),
        *([cell(backup.target)] if with_target else []),
        cell(brief_age(backup.taken_at, now)),
        cell(size(backup.size)),
        cell(duration(backup.duration)),
        cell("yes" if backup.verified_at else "no"),
        date_cell(until) if isinstance(until, datetime) else cell(until),
    ]


def _controls(page: Page, targets: Sequence[str], now: datetime) -> list[Block]:
    """Details of a backup, the pages beside this one, and whose backups are shown."""
    elements = []
    if page.entries:
        choices = [
            option(f"{entry.backup.id} · {brief_age(entry.backup.taken_at, now)}", entry.backup.id)
            for entry in page.entries
        ]
        elements.append(static_select(ids.BACKUP_DETAILS, "Details of…", choices))
    if page.number > 1:
        elements.append(button("Newer", ids.BACKUPS_NEWER, ids.encode_page(page.target, page.number - 1)))
    if page.number < page.pages:
        elements.append(button("Older", ids.BACKUPS_OLDER, ids.encode_page(page.target, page.number + 1)))
    if len(targets) > 1:
        first = [option(_ALL, ids.encode_page(None, 1))]
        choices = first + [option(name, ids.encode_page(name, 1)) for name in targets]
        elements.append(static_select(ids.BACKUPS_FILTER, "Target", choices, ids.encode_page(page.target, 1)))
    return [actions("backups", *elements)] if elements else []


def _about(details: Details, now: datetime) -> list[tuple[str, str]]:
    entry = details.entry
    backup = entry.backup
    taken = f"{date(backup.taken_at)}, {age(backup.taken_at, now)}"
    return [
        ("Taken", taken),
        ("By", mention(details.taken_by) if details.taken_by else "not known"),
        ("Size", f"{size(backup.size)}, of a database of {size(backup.manifest.database_bytes)}"),
        ("Took", duration(backup.duration)),
        ("Verified", _verified(entry)),
        ("Kept until", _kept(entry)),
    ]


def _kept(entry: Entry) -> str:
    """Until when, and why: once where both are the same words."""
    until, why = kept_until(entry), entry.forecast.judgement.words if entry.forecast else ""
    if isinstance(until, datetime):
        return "\n".join(filter(None, [date(until), inline(why, 400)]))
    return inline(why, 400) if until in why else "\n".join(filter(None, [inline(until, 300), inline(why, 400)]))


def _verified(entry: Entry) -> str:
    backup = entry.backup
    if backup.verified_at is None:
        return "no: no drill has restored it yet"
    took = f", restored in {duration(backup.restore_seconds)}" if backup.restore_seconds is not None else ""
    by = f" by {code(backup.verified_by)}" if backup.verified_by else ""
    return f"{date(backup.verified_at)}{by}{took}"


def _contents(manifest: Manifest) -> list[tuple[str, str]]:
    digest = manifest.digest
    counted = f"; {plural(len(digest.only_counted), 'table')} only counted" if digest.only_counted else ""
    encrypted = listed([code(key, 80) for key in manifest.recipients[:3]])
    if len(manifest.recipients) > 3:
        encrypted += f" and {len(manifest.recipients) - 3} more"
    return [
        ("Contents", f"{plural(digest.rows, 'row')} in {plural(len(digest.tables), 'table')}{counted}"),
        ("Large objects", number(digest.large_objects)),
        ("Revision", code(manifest.revision) if manifest.revision else "none"),
        ("PostgreSQL", f"{inline(manifest.server_version, 60)}, tools {inline(manifest.tools_version, 60)}"),
        ("Dumped", f"by {inline(manifest.tools_mode, 60)}, as a {inline(manifest.archive_format, 60)} archive"),
        ("Schema SHA-256", code(digest.schema_sha256[:16])),
        ("Encrypted to", encrypted or "nobody: it is not encrypted"),
        *_images(manifest),
    ]


def _images(manifest: Manifest) -> list[tuple[str, str]]:
    shown = [f"{inline(service, 40)} {code(image, 120)}" for service, image in list(manifest.images.items())[:6]]
    return [("Images", "\n".join(shown))] if shown else []


def _objects(manifest: Manifest) -> str:
    shown = [f"{code(item.name)} {size(item.size)}" for item in manifest.objects[:12]]
    more = len(manifest.objects) - len(shown)
    return "\n".join([*shown, *([f"and {number(more)} more"] if more > 0 else [])]) or "none"


def _pin(entry: Entry) -> list[Block]:
    if entry.pin is not None:
        pin = entry.pin
        told = f"📌 Kept by {mention(pin.pinned_by)} since {date(pin.pinned_at)}: {inline(pin.reason, 500)}"
        return [section(told), context(f"Let it go: `{ids.COMMAND} unkeep {pin.backup_id} reason`")]
    return [actions("pin", button("Keep this backup…", ids.PIN, entry.backup.id))]
