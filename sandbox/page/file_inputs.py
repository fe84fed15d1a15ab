"""File inputs: choosing files uploads them, and the view's state carries them."""

from __future__ import annotations

import json
from typing import Any

from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json, SharedFile
from sandbox.page.dom import listen
from sandbox.page.surface import Surface, control_label
from sandbox.pictures import PREVIEWED
from sandbox.uploads import DEFAULT_MAX_FILES, MAX_BYTES


class FilePicker(Element, component="file_picker.js"):
    """Uploads each chosen file as the person's own, and says which ones are chosen now."""


def draw_file_input(placed: Placed, surface: Surface) -> None:
    """Files are chosen, or dropped here, and can be taken away again."""
    picker = FilePicker()
    picker.props["user"] = surface.pen.viewer.id
    picker.props["label"] = control_label(placed)
    picker.props["chosen"] = json.dumps([_shown(file) for file in _chosen(placed, surface)])
    picker.props["kinds"] = json.dumps([str(kind).lower() for kind in placed.element.get("filetypes") or ()])
    picker.props["most"] = int(placed.element.get("max_files") or DEFAULT_MAX_FILES)
    picker.props["largest"] = MAX_BYTES
    listen(picker, "choose", lambda ids: _keep(placed, surface, ids), "ids => emit(ids)")


def _keep(placed: Placed, surface: Surface, ids: Any) -> None:
    surface.keep(placed, [str(entry) for entry in ids] if isinstance(ids, list) else [])


def _chosen(placed: Placed, surface: Surface) -> list[SharedFile]:
    entries = surface.entered(placed).get("files") or []
    ids = [entry["id"] if isinstance(entry, dict) else entry for entry in entries]
    return [file for entry in ids if (file := surface.pen.workspace.files.get(entry)) is not None]


def _shown(file: SharedFile) -> Json:
    return {"id": file.id, "name": file.name, "size": file.size, "picture": file.mimetype in PREVIEWED}
