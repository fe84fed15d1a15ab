"""Where a person writes: Enter sends, Shift+Enter breaks the line, arrow up recalls, `/` offers the commands."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import Any

from nicegui import ui

from sandbox.manifest import SlashCommand
from sandbox.page.dom import Piece, button, listen, node
from sandbox.page.tree import icon, part

# The browser empties the box itself: an answer from here would come after the next keystroke and eat it.
_SEND = """event => {
  if (event.isComposing || !event.target.value.trim()) return;
  event.preventDefault();
  emit(event.target.value);
  event.target.value = "";
}"""
_ON_ONE_LINE = """event => {
  if (event.target.value.includes("\\n")) return;
  event.preventDefault();
  emit(event.target.value);
}"""
_ON_COMMAND = """event => {
  if (!event.target.value.startsWith("/") || event.target.value.includes(" ")) return;
  event.preventDefault();
  emit(event.target.value);
}"""
_TYPED = "event => emit(event.target.value)"


class Composer:
    """A box with its send button. `send` gets the text; `commands` are offered after a slash, `sent` is recalled."""

    def __init__(
        self, send: Callable[[str], None], commands: Sequence[SlashCommand], sent: list[str], *, test_id: str
    ) -> None:
        self._send = send
        self._commands = commands
        self._sent = sent
        self._recalled = 0
        self._offered: list[SlashCommand] = []
        self._picked = 0
        with node("div", "composer"):
            self._menu = node("div", "slash", role="listbox", aria_label="Commands", data_testid="slash-menu")
            self._menu.set_visibility(False)
            with node("div", "composer__box"):
                self._box = node(
                    "textarea", "composer__text", rows=1, data_testid=test_id, spellcheck="true", autocomplete="off"
                )
                send_id = f"{test_id}-send"
                button("composer__send", self._press_send, icon("send"), aria_label="Send", data_testid=send_id)
            slash = " · / for commands" if commands else ""
            hint = f"Enter sends · Shift+Enter new line{slash}"
            Piece(part("div", "composer__hint", hint, aria_hidden="true"))
        self._listen()

    def address(self, placeholder: str) -> None:
        """Say to where the text goes."""
        self._box.props["placeholder"] = placeholder
        self._box.props["aria-label"] = placeholder

    def focus(self) -> None:
        """Put the cursor into the box."""
        self._box.run_method("focus")

    def _listen(self) -> None:
        listen(self._box, "keydown.enter.exact", self._on_send, _SEND)
        listen(self._box, "keydown.up.exact", lambda _given: self._up(), _ON_ONE_LINE)
        listen(self._box, "keydown.down.exact", lambda _given: self._down(), _ON_ONE_LINE)
        listen(self._box, "keydown.tab.exact", self._on_complete, _ON_COMMAND)
        listen(self._box, "keydown.esc", lambda _given: self._offer([]))
        listen(self._box, "input", self._on_typed, _TYPED)

    def _on_typed(self, given: Any) -> None:
        self._recalled = 0
        self._offer(matching(self._commands, str(given)))

    def _on_send(self, given: Any) -> None:
        text = str(given).strip()
        if self._offered and text.startswith("/") and text not in {command.command for command in self._offered}:
            self._complete(self._offered[self._picked], emptied=True)
            return
        self._offer([])
        self._recalled = 0
        self._sent.append(text)
        self._send(text)

    def _on_complete(self, given: Any) -> None:
        found = matching(self._commands, str(given))
        if found:
            self._complete(found[min(self._picked, len(found) - 1)])

    def _press_send(self) -> None:
        self.focus()
        ui.run_javascript(
            f"getHtmlElement({self._box.id}).dispatchEvent(new KeyboardEvent('keydown', {{key: 'Enter'}}))"
        )

    def _up(self) -> None:
        if self._offered:
            self._pick(self._picked - 1)
        elif self._recalled < len(self._sent):
            self._recalled += 1
            self._put(self._sent[-self._recalled])

    def _down(self) -> None:
        if self._offered:
            self._pick(self._picked + 1)
        elif self._recalled:
            self._recalled -= 1
            self._put(self._sent[-self._recalled] if self._recalled else "")

    def _complete(self, command: SlashCommand, *, emptied: bool = False) -> None:
        """Put the command into the box, before what was typed since when the box was emptied meanwhile."""
        self._offer([])
        self._put(f"{command.command} ", keep_typed=emptied)
        self.focus()

    def _put(self, text: str, *, keep_typed: bool = False) -> None:
        box = f"getHtmlElement({self._box.id})"
        typed = f" + {box}.value" if keep_typed else ""
        ui.run_javascript(f"{box}.value = {json.dumps(text)}{typed}")

    def _pick(self, place: int) -> None:
        self._picked = place % len(self._offered)
        self._draw_menu()

    def _offer(self, commands: list[SlashCommand]) -> None:
        if commands == self._offered:
            return
        self._offered, self._picked = commands, 0
        self._draw_menu()

    def _draw_menu(self) -> None:
        self._menu.clear()
        self._menu.set_visibility(bool(self._offered))
        with self._menu:
            if self._offered:
                Piece(part("div", "slash__title", "Commands"))
            for place, command in enumerate(self._offered):
                self._draw_option(command, picked=place == self._picked)

    def _draw_option(self, command: SlashCommand, *, picked: bool) -> None:
        css = "slash__option slash__option--picked" if picked else "slash__option"
        selected = str(picked).lower()
        with node("div", css, role="option", aria_selected=selected, data_testid="slash-option") as option:
            name = part("span", "slash__command", command.command)
            Piece(part("div", "slash__line", name, part("span", "slash__usage", command.usage_hint)))
            Piece(part("div", "slash__description", command.description))
        listen(option, "mousedown.prevent", lambda _given: self._complete(command))


def matching(commands: Sequence[SlashCommand], typed: str) -> list[SlashCommand]:
    """The commands that what was typed may become; none once the command is complete and its text has begun."""
    if not typed.startswith("/") or " " in typed or "\n" in typed:
        return []
    return [command for command in commands if command.command.startswith(typed)]
