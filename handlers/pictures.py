"""Pictures, drawn from models. Pure: the same backups give the same picture."""

from __future__ import annotations

import io
from collections.abc import Sequence

from bot.models import Backup, BackupKind

_COLOURS = {BackupKind.SCHEDULED: "#2f6f9f", BackupKind.ON_DEMAND: "#4f9d69", BackupKind.SAFETY: "#b0722c"}
_WIDTH, _HEIGHT, _DOTS = 8.0, 4.6, 130
_MB = 1_000_000


def backups_picture(target: str, backups: Sequence[Backup]) -> bytes:
    """Stored size and duration over time, as PNG; `backups` in any order, one at least."""
    # Imported here: it takes a second, which no other command should wait for.
    from matplotlib.backends.backend_agg import FigureCanvasAgg
    from matplotlib.dates import AutoDateLocator, ConciseDateFormatter
    from matplotlib.figure import Figure

    shown = sorted(backups, key=lambda backup: backup.taken_at)
    moments = [backup.taken_at for backup in shown]
    figure = Figure(figsize=(_WIDTH, _HEIGHT), dpi=_DOTS, layout="constrained")
    canvas = FigureCanvasAgg(figure)
    sizes, durations = figure.subplots(2, 1, sharex=True)
    for kind, colour in _COLOURS.items():
        ours = [backup for backup in shown if backup.kind is kind]
        if ours:
            label = kind.value.replace("_", " ")
            points = [backup.taken_at for backup in ours]
            sizes.plot(points, [backup.size / _MB for backup in ours], "o", color=colour, label=label)
            durations.plot(points, [backup.duration for backup in ours], "o", color=colour)
    sizes.plot(moments, [backup.size / _MB for backup in shown], "-", color="#9aa5b1", linewidth=1, zorder=0)
    durations.plot(moments, [backup.duration for backup in shown], "-", color="#9aa5b1", linewidth=1, zorder=0)
    sizes.set_ylabel("stored, MB")
    durations.set_ylabel("took, s")
    # A name may hold $, which would be read as mathematics.
    sizes.set_title(f"Backups of {target}".replace("$", r"\$"), loc="left")
    sizes.legend(loc="best", frameon=False, fontsize="small")
    locator = AutoDateLocator()  # type: ignore[no-untyped-call]
    durations.xaxis.set_major_locator(locator)
    durations.xaxis.set_major_formatter(ConciseDateFormatter(locator))  # type: ignore[no-untyped-call]
    for axes in (sizes, durations):
        axes.set_ylim(bottom=0)
        axes.grid(visible=True, alpha=0.25)
        axes.spines[["top", "right"]].set_visible(False)
    png = io.BytesIO()
    canvas.print_png(png)  # type: ignore[no-untyped-call]
    return png.getvalue()
