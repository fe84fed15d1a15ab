"""For people who build an app: what goes over the wire, and faults on demand."""

from __future__ import annotations

from collections.abc import Callable
from typing import TypeVar

from nicegui.element import Element

from sandbox.faults import DEFAULT_SECONDS, DESCRIPTIONS, Fault, FaultKind
from sandbox.page.desk import Desk
from sandbox.page.dom import Piece, button, node
from sandbox.page.feed import Feed
from sandbox.page.tree import icon, part
from sandbox.page.wire_trees import exchange_tree
from sandbox.wire import Exchange

T = TypeVar("T")
_SHOWN = 100


class Workbench:
    """Drawn beside the channel while it is open; closed it listens to nothing."""

    def __init__(self, desk: Desk, close: Callable[[], None]) -> None:
        self._desk = desk
        self._close = close
        self._stops: list[Callable[[], None]] = []
        self._lines: list[Piece] = []
        self._element = node("aside", "thread workbench", aria_label="Workbench", data_testid="workbench")
        self._element.set_visibility(False)
        desk.client.on_delete(self._stop)

    def show(self, *, is_open: bool) -> None:
        """Open or close it."""
        self._stop()
        self._element.clear()
        self._element.set_visibility(is_open)
        if not is_open:
            return
        with self._element:
            with node("header", "thread__header"):
                Piece(part("h2", "thread__title", "Workbench"))
                Piece(part("span", "thread__place"))
                button("tool", self._close, icon("close"), aria_label="Close the workbench", data_testid="close-bench")
            self._faults = node("details", "faults", data_testid="faults")
            with node("div", "scroller"):
                self._list = node("div", "wire", role="log", aria_label="Requests and replies", data_testid="wire")
        self._draw_faults()
        self._add(list(self._desk.workspace.wire.exchanges[-_SHOWN:]))
        self._listen()

    def _listen(self) -> None:
        workspace = self._desk.workspace
        wire = Feed(workspace.wire.subscribe, self._in_page(self._add))
        faults: Feed[None] = Feed(
            lambda note: workspace.faults.subscribe(lambda: note(None)),
            self._in_page(lambda _many: self._draw_faults()),
        )
        self._stops = [wire.close, faults.close]

    def _stop(self) -> None:
        for stop in self._stops:
            stop()
        self._stops = []

    def _in_page(self, draw: Callable[[list[T]], None]) -> Callable[[list[T]], None]:
        def drawn(happened: list[T]) -> None:
            with self._desk.client:
                draw(happened)

        return drawn

    def _add(self, exchanges: list[Exchange]) -> None:
        with self._list:
            for exchange in exchanges[-_SHOWN:]:
                self._lines.append(Piece(exchange_tree(exchange, self._desk.reader)))
        for line in self._lines[:-_SHOWN]:
            line.delete()
        del self._lines[:-_SHOWN]

    def _draw_faults(self) -> None:
        faults = self._desk.workspace.faults
        self._faults.clear()
        armed = [fault for fault in faults.all if not fault.used_up]
        with self._faults:
            count = f" · {len(armed)} armed" if armed else ""
            Piece(part("summary", "faults__title", f"Faults on demand{count}"))
            for fault in faults.all:
                self._draw_armed(fault)
            for kind in FaultKind:
                if kind not in faults.unavailable:
                    self._draw_kind(kind)

    def _draw_armed(self, fault: Fault) -> None:
        remove, label = self._desk.workspace.faults.remove, f"Remove {_name(fault.kind)}"
        words = f"{_name(fault.kind)} · struck {fault.hits}{f' of {fault.count}' if fault.count else ''}"
        with node("div", "faults__row faults__row--spent" if fault.used_up else "faults__row faults__row--armed"):
            Piece(part("span", "faults__words", words))
            button("tool", lambda: remove(fault.id), icon("close"), aria_label=label)

    def _draw_kind(self, kind: FaultKind) -> None:
        with node("div", "faults__row") as row:
            duration = f"{DEFAULT_SECONDS.get(kind, 0):g} s"
            words = part("span", "faults__caption", DESCRIPTIONS[kind].replace("`seconds`", duration))
            Piece(part("span", "faults__words", part("strong", "", _name(kind)), words))
            self._draw_arm(row, kind, "Once", 1)
            self._draw_arm(row, kind, "Always", None)

    def _draw_arm(self, row: Element, kind: FaultKind, label: str, count: int | None) -> None:
        with row:
            button(
                "button button--plain button--small",
                lambda: self._desk.workspace.faults.add(kind, count=count),
                label,
                data_testid=f"fault-{kind}-{label.lower()}",
            )


def _name(kind: FaultKind) -> str:
    return kind.replace("_", " ")
