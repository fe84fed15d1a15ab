"""Charts as drawings of lines and shapes. Source: docs, reference/block-kit/blocks/data-visualization-block."""

from __future__ import annotations

import math
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from sandbox.model import Json
from sandbox.page.pen import Pen
from sandbox.page.tree import Tree, part

_WIDTH, _HEIGHT = 520.0, 250.0
_LEFT, _RIGHT, _TOP, _BOTTOM = 64.0, 8.0, 12.0, 30.0
_CROWDED = 7
_LARGEST, _SMALLEST = 1e15, 1e-12
_PIE = 100.0


@dataclass(frozen=True, slots=True)
class Scale:
    """Where values and categories are in the drawing."""

    low: float
    high: float
    categories: int

    def y(self, value: float) -> float:
        """The height of a value, from the top."""
        share = (value - self.low) / (self.high - self.low)
        return _HEIGHT - _BOTTOM - share * (_HEIGHT - _TOP - _BOTTOM)

    def x(self, place: float) -> float:
        """The middle of a category, from the left."""
        return _LEFT + (place + 0.5) * self.step

    @property
    def step(self) -> float:
        """The width of a category."""
        return (_WIDTH - _LEFT - _RIGHT) / self.categories


def chart(block: Json, _pen: Pen) -> list[Tree]:
    """A pie, bars, lines or areas, with their legend."""
    content, title = block["chart"], str(block["title"])
    drawn, legend = _pie(content, title) if content["type"] == "pie" else _plot(content, title)
    heading = part("figcaption", "chart__title", title)
    return [part("figure", "chart", heading, drawn, part("ul", "chart__legend", *legend))]


def amount(value: Any) -> float:
    """The number as it can be drawn: what is beyond all sizes is drawn at the edge, the tiniest as nought."""
    try:
        number = float(value)
    except OverflowError:
        number = _LARGEST if value > 0 else -_LARGEST
    if math.isnan(number) or abs(number) < _SMALLEST:
        return 0.0
    return min(max(number, -_LARGEST), _LARGEST)


def ticks(low: float, high: float) -> list[float]:
    """Round numbers that enclose both, and some between."""
    span = high - low or 1.0
    rough = span / 4
    unit = 10.0 ** math.floor(math.log10(rough))
    step = next(unit * size for size in (1, 2, 2.5, 5, 10) if unit * size >= rough * 0.999)
    first, last = math.floor(low / step), math.ceil(high / step)
    return [number * step for number in range(first, max(last, first + 1) + 1)]


def _pie(content: Json, title: str) -> tuple[Json, list[Json]]:
    sizes = [amount(segment["value"]) for segment in content["segments"]]
    whole, turned = sum(sizes) or 1.0, 0.0
    slices, legend = [], []
    for place, (segment, size) in enumerate(zip(content["segments"], sizes, strict=True)):
        share = size / whole
        words = f"{segment['label']}: {segment['value']:,} ({share:.0%})"
        slices.append(_slice(place, turned, share, words))
        legend.append(_legend(place, words))
        turned += share
    box = f"{-_PIE} {-_PIE} {2 * _PIE} {2 * _PIE}"
    return part("svg", "chart__pie", *slices, viewBox=box, role="img", aria_label=title), legend


def _slice(place: int, turned: float, share: float, words: str) -> Json:
    css, name = f"chart__area chart__tint--{place}", part("title", "", words)
    if share > 0.9999:
        return part("circle", css, name, r=f"{_PIE}")
    (x1, y1), (x2, y2) = _rim(turned), _rim(turned + share)
    large = int(share > 0.5)
    path = f"M0 0L{x1:.2f} {y1:.2f}A{_PIE} {_PIE} 0 {large} 1 {x2:.2f} {y2:.2f}Z"
    return part("path", css, name, d=path)


def _rim(turned: float) -> tuple[float, float]:
    angle = 2 * math.pi * turned - math.pi / 2
    return _PIE * math.cos(angle), _PIE * math.sin(angle)


def _plot(content: Json, title: str) -> tuple[Json, list[Json]]:
    axes = content["axis_config"]
    categories = [str(category) for category in axes["categories"]]
    series = [(str(entry["name"]), _in_order(entry, categories)) for entry in content["series"]]
    values = [value for _, points in series for value in points]
    marks = ticks(min(0.0, *values), max(0.0, *values))
    scale = Scale(marks[0], marks[-1], len(categories))
    shapes: list[Tree] = [*_grid(scale, marks), *_category_names(scale, categories)]
    for place, (name, points) in enumerate(series):
        words = [f"{name}, {category}: {value:,g}" for category, value in zip(categories, points, strict=True)]
        shapes += _shapes(str(content["type"]), place, len(series), points, words, scale)
    box = f"0 0 {_WIDTH:g} {_HEIGHT + (34 if _is_crowded(categories) else 0):g}"
    drawing = part("svg", "chart__plot", *shapes, viewBox=box, role="img", aria_label=title)
    across = part("span", "chart__axis", str(axes.get("x_label") or ""))
    up = part("span", "chart__axis", str(axes.get("y_label") or ""))
    whole = part("div", "chart__frame", up, drawing, part("div", "chart__across", across))
    return whole, [_legend(place, name) for place, (name, _) in enumerate(series)]


def _in_order(entry: Json, categories: Sequence[str]) -> list[float]:
    values = {str(point["label"]): amount(point["value"]) for point in entry["data"]}
    return [values.get(category, 0.0) for category in categories]


def _grid(scale: Scale, marks: Sequence[float]) -> list[Tree]:
    lines: list[Tree] = []
    for mark in marks:
        y = f"{scale.y(mark):.1f}"
        css = "chart__line chart__line--nought" if mark == 0 else "chart__line"
        lines.append(part("line", css, x1=f"{_LEFT}", x2=f"{_WIDTH - _RIGHT}", y1=y, y2=y))
        name = f"{mark:,.4g}" if abs(mark) < 1e6 else f"{mark:.2g}"
        lines.append(part("text", "chart__mark", name, x=f"{_LEFT - 6}", y=y, dy="0.32em", text_anchor="end"))
    return lines


def _category_names(scale: Scale, categories: Sequence[str]) -> list[Tree]:
    names: list[Tree] = []
    for place, category in enumerate(categories):
        x, y = f"{scale.x(place):.1f}", f"{_HEIGHT - _BOTTOM + 17:.1f}"
        turn = f"rotate(-35 {x} {y})" if _is_crowded(categories) else None
        anchor = "end" if turn else "middle"
        names.append(part("text", "chart__mark", category, x=x, y=y, text_anchor=anchor, transform=turn))
    return names


def _is_crowded(categories: Sequence[str]) -> bool:
    return len(categories) >= _CROWDED or sum(map(len, categories)) > 60


def _shapes(
    kind: str, place: int, count: int, points: Sequence[float], words: Sequence[str], scale: Scale
) -> list[Tree]:
    if kind == "bar":
        return _bars(place, count, points, words, scale)
    corners = " ".join(f"{scale.x(number):.1f},{scale.y(value):.1f}" for number, value in enumerate(points))
    drawn: list[Tree] = []
    if kind == "area":
        first, last, floor = scale.x(0), scale.x(len(points) - 1), scale.y(max(scale.low, 0.0))
        around = f"{first:.1f},{floor:.1f} {corners} {last:.1f},{floor:.1f}"
        drawn.append(part("polygon", f"chart__area chart__area--thin chart__tint--{place}", points=around))
    drawn.append(part("polyline", f"chart__stroke chart__tint--{place}", points=corners))
    drawn += [
        part(
            "circle",
            f"chart__area chart__tint--{place}",
            part("title", "", word),
            cx=f"{scale.x(number):.1f}",
            cy=f"{scale.y(value):.1f}",
            r="3.5",
        )
        for number, (value, word) in enumerate(zip(points, words, strict=True))
    ]
    return drawn


def _bars(place: int, count: int, points: Sequence[float], words: Sequence[str], scale: Scale) -> list[Tree]:
    width = scale.step * 0.72 / count
    bars: list[Tree] = []
    for number, (value, word) in enumerate(zip(points, words, strict=True)):
        top, bottom = sorted((scale.y(value), scale.y(0.0)))
        left = scale.x(number) - scale.step * 0.36 + place * width
        size = {"x": f"{left:.1f}", "y": f"{top:.1f}", "width": f"{width * 0.94:.1f}", "height": f"{bottom - top:.1f}"}
        bars.append(part("rect", f"chart__area chart__tint--{place}", part("title", "", word), rx="2", **size))
    return bars


def _legend(place: int, words: str) -> Json:
    dot = part("span", f"chart__dot chart__tint--{place}", aria_hidden="true")
    return part("li", "chart__entry", dot, words)
