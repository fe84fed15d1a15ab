"""Select menus of every kind: the options are found in Python, the menu itself is Quasar's."""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any

from nicegui import ui
from nicegui.element import Element

from sandbox.elements import Placed
from sandbox.model import Json
from sandbox.outcome import Impossible
from sandbox.page.dom import listen, spawn
from sandbox.page.mrkdwn import parse_plain
from sandbox.page.surface import Surface, control_label
from sandbox.page.tokens import Emoji, Text
from sandbox.workspace import Workspace

_OPTION = """
<q-item v-if="props.opt.group" class="menu__group">{{ props.opt.label }}</q-item>
<q-item v-else v-bind="props.itemProps" class="menu__item">
  <q-item-section>
    <q-item-label>{{ props.opt.label }}</q-item-label>
    <q-item-label v-if="props.opt.caption" class="menu__caption">{{ props.opt.caption }}</q-item-label>
  </q-item-section>
</q-item>
"""
_NOTHING = '<q-item class="menu__group">Nothing found</q-item>'
_EMIT = "chosen => emit(chosen)"
_FILTER = "(typed, update) => { update(() => {}); emit(typed); }"
_KINDS = ("static", "external", "users", "conversations", "channels")
SELECTS = tuple(f"{several}{kind}_select" for several in ("", "multi_") for kind in _KINDS)


def draw_select(placed: Placed, surface: Surface) -> None:
    """A select menu, single or multiple, with its options known, asked from the app, or those of the workspace."""
    Select(placed, surface)


class Select:
    """One menu: what it offers for the typed text, and what is chosen."""

    def __init__(self, placed: Placed, surface: Surface) -> None:
        self._placed = placed
        self._surface = surface
        self._several = placed.type.startswith("multi_")
        self._offered: dict[str, Json] = {}
        self._asked = 0
        self._chosen = _chosen(surface, placed)
        self._element = self._draw()

    def _draw(self) -> Element:
        menu = ui.element("q-select").classes("select")
        placeholder = (self._placed.element.get("placeholder") or {}).get("text", "Choose")
        menu.props("outlined dense options-dense use-input input-debounce=0 behavior=menu popup-content-class=menu")
        menu.props["aria-label"] = control_label(self._placed)
        if self._several:
            menu.props("multiple use-chips")
            menu.props.set_optional("max-values", self._placed.element.get("max_selected_items"))
        else:
            menu.props("hide-selected fill-input")
            if self._placed.block.get("type") == "input" and self._placed.block.get("optional"):
                menu.props("clearable")
        menu.props["placeholder"] = placeholder
        menu.props["data-placeholder"] = placeholder
        if self._placed.element.get("focus_on_load"):
            menu.props("autofocus")
        menu.add_slot("option", _OPTION)
        menu.add_slot("no-option", _NOTHING)
        listen(menu, "filter", self._filter, _FILTER)
        listen(menu, "update:model-value", self._choose, _EMIT)
        menu.props["options"] = []
        self._show_chosen(menu)
        return menu

    def _filter(self, typed: Any) -> None:
        self._asked += 1
        spawn(self._element.client, self._offer(str(typed), self._asked))

    async def _offer(self, typed: str, asked: int) -> None:
        if "external" in self._placed.type:
            found = await self._ask(typed)
        else:
            found = [*_matching(offered_options(self._placed, self._surface.pen.workspace), typed)]
        if asked != self._asked:  # more was typed meanwhile, and its answer came first or will come
            return
        self._offered |= {item["value"]: item["option"] for item in found if "option" in item}
        self._element.props["options"] = [
            {key: value for key, value in item.items() if key != "option"} for item in found
        ]

    async def _ask(self, typed: str) -> list[Json]:
        if len(typed) < int(self._placed.element.get("min_query_length", 3)) and typed:
            return []
        try:
            options = await self._surface.suggest(self._placed, typed)
        except Impossible as problem:
            return [{"label": problem.detail, "value": "", "group": True, "disable": True}]
        return [_item(option) for option in options]

    def _choose(self, given: Any) -> None:
        picked = given if isinstance(given, list) else [given] if given else []
        known = {**self._offered, **{_value(option): option for option in self._chosen}}
        self._chosen = [known[item["value"]] for item in picked if item["value"] in known]
        self._show_chosen(self._element)
        value: Any = self._chosen if self._several else (self._chosen[0] if self._chosen else None)
        spawn(self._element.client, self._tell(value))

    async def _tell(self, value: Any) -> None:
        if not self._placed.notifies:
            self._surface.keep(self._placed, value)
        elif await self._surface.confirmed(self._placed):
            self._surface.use(self._placed, value, busy=self._element)

    def _show_chosen(self, menu: Element) -> None:
        workspace = self._surface.pen.workspace
        items = [_item(option, _name(option, workspace)) for option in self._chosen]
        shown = [{"label": item["label"], "value": item["value"]} for item in items]
        menu.props["model-value"] = shown if self._several else (shown[0] if shown else None)
        menu.classes(**{"add" if shown else "remove": "select--chosen"})


def offered_options(placed: Placed, workspace: Workspace) -> list[Json]:
    """What a menu offers before anything is typed: items with `label` and `value`, groups as headings."""
    kind = placed.type.removeprefix("multi_")
    people = [{"label": user.real_name, "value": user.id, "caption": user.role, "option": user.id}
              for user in workspace.users.values()]  # fmt: skip
    channels = [{"label": f"#{channel.name}", "value": channel.id, "caption": channel.topic, "option": channel.id}
                for channel in workspace.channels.values() if not channel.is_im]  # fmt: skip
    match kind:
        case "users_select":
            return people
        case "channels_select":
            return channels
        case "conversations_select":
            return [*channels, *people]
    return list(_listed(placed.element))


def _listed(element: Json) -> Iterator[Json]:
    for option in element.get("options") or ():
        yield _item(option)
    for group in element.get("option_groups") or ():
        yield {"label": _words(group["label"]), "value": f"group:{_words(group['label'])}", "group": True,
               "disable": True}  # fmt: skip
        for option in group["options"]:
            yield _item(option)


def _matching(items: Sequence[Json], typed: str) -> Iterator[Json]:
    wanted = typed.casefold()
    for item in items:
        if not wanted or (not item.get("group") and wanted in item["label"].casefold()):
            yield item


def _item(option: Any, name: str = "") -> Json:
    if isinstance(option, str):
        return {"label": name, "value": option, "option": option}
    item = {"label": _words(option["text"]), "value": str(option.get("value")), "option": option}
    if "description" in option:
        item["caption"] = _words(option["description"])
    return item


def _name(option: Any, workspace: Workspace) -> str:
    """What the id of a person or channel stands for."""
    if not isinstance(option, str):
        return ""
    if option in workspace.users:
        return workspace.users[option].real_name
    return f"#{workspace.channels[option].name}" if option in workspace.channels else ""


def _words(text: Json) -> str:
    tokens = parse_plain(str(text.get("text", "")), emoji=text.get("emoji", True) is not False)
    return "".join(token.text for token in tokens if isinstance(token, Text | Emoji))


def _value(option: Any) -> str:
    return option if isinstance(option, str) else str(option.get("value"))


def _chosen(surface: Surface, placed: Placed) -> list[Any]:
    held = surface.entered(placed).get(placed.state_key or "")
    if held in (None, "", []):
        return []
    return list(held) if isinstance(held, list) else [held]
