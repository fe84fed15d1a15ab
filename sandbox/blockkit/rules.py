"""The small rules that shapes are made of: each looks at one value in its place and yields what is broken."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass, replace
from types import MappingProxyType
from typing import Any, TypeAlias

from sandbox.blockkit.violation import Violation


@dataclass(frozen=True, slots=True)
class Place:
    """Where a value stands: its pointer, the name its rules carry, and where those are documented."""

    pointer: str
    name: str
    source: str

    def field(self, key: str) -> Place:
        """The place of an object's field."""
        return replace(self, pointer=f"{self.pointer}/{_escaped(key)}", name=f"{self.name}.{key}")

    def item(self, index: int) -> Place:
        """The place of an array's item."""
        return replace(self, pointer=f"{self.pointer}/{index}")

    def broken(self, rule: str, message: str) -> Violation:
        """A broken rule at this place."""
        return Violation(self.pointer, f"{self.name}.{rule}", message, self.source)


Rule: TypeAlias = Callable[[Any, Place], Iterator[Violation]]


def anything(_value: Any, _place: Place) -> Iterator[Violation]:
    """Any value will do."""
    return iter(())


def boolean(value: Any, place: Place) -> Iterator[Violation]:
    """true or false."""
    if not isinstance(value, bool):
        yield place.broken("type", "must be a boolean")


def string(
    max_length: int | None = None, *, min_length: int = 1, pattern: str | None = None, example: str = ""
) -> Rule:
    """A string within its lengths, in characters, and of its form."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not isinstance(value, str):
            yield place.broken("type", "must be a string")
            return
        yield from length_violations(value, place, min_length, max_length)
        if pattern is not None and not re.fullmatch(pattern, value):
            yield place.broken("format", f"must be of the form {example}")

    return check


def length_violations(value: str, place: Place, min_length: int, max_length: int | None) -> Iterator[Violation]:
    """What is wrong with a string's length."""
    if len(value) < min_length:
        yield place.broken("min_length", f"must be more than {min_length - 1} characters")
    if max_length is not None and len(value) > max_length:
        yield place.broken("max_length", f"must be less than {max_length + 1} characters")


def integer(low: int | None = None, high: int | None = None) -> Rule:
    """A whole number within its bounds."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not isinstance(value, int) or isinstance(value, bool):
            yield place.broken("type", "must be an integer")
        elif low is not None and value < low:
            yield place.broken("minimum", f"must be at least {low}")
        elif high is not None and value > high:
            yield place.broken("maximum", f"must be at most {high}")

    return check


def number(*, above: float | None = None) -> Rule:
    """Any number, or one above a bound."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not isinstance(value, int | float) or isinstance(value, bool):
            yield place.broken("type", "must be a number")
        elif above is not None and value <= above:
            yield place.broken("minimum", f"must be greater than {above:g}")

    return check


def null_or(rule: Rule) -> Rule:
    """null, or what the rule says."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if value is not None:
            yield from rule(value, place)

    return check


def one_of(*values: str) -> Rule:
    """One of some words."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if value not in values:
            yield place.broken("value", f"must be one of: {', '.join(values)}")

    return check


def array(item: Rule, *, min_items: int = 1, max_items: int | None = None) -> Rule:
    """An array within its counts, each item by its rule."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not isinstance(value, list):
            yield place.broken("type", "must be an array")
            return
        if len(value) < min_items:
            yield place.broken("min_items", f"no fewer than {min_items} items allowed")
        if max_items is not None and len(value) > max_items:
            yield place.broken("max_items", f"no more than {max_items} items allowed")
        for index, entry in enumerate(value):
            yield from item(entry, place.item(index))

    return check


@dataclass(frozen=True, slots=True)
class Shape:
    """An object: its fields with their rules, those it must have, and rules that look across fields."""

    name: str
    source: str
    fields: Mapping[str, Rule]
    required: frozenset[str] = frozenset()
    across: tuple[Rule, ...] = ()

    def __call__(self, value: Any, place: Place) -> Iterator[Violation]:
        """Yield every broken rule of the object."""
        place = replace(place, name=self.name, source=self.source)
        if not isinstance(value, dict):
            yield place.broken("type", "must be an object")
            return
        for key in sorted(self.required - set(value)):
            yield place.broken(f"{key}.required", f"missing required field: {key}")
        for key, entry in value.items():
            rule = self.fields.get(key)
            if rule is None:
                yield place.broken("additional_property", f"invalid additional property: {key}")
            else:
                yield from rule(entry, place.field(key))
        for rule in self.across:
            yield from rule(value, place)


def shape(
    name: str, source: str, fields: Mapping[str, Rule], required: str = "", across: tuple[Rule, ...] = ()
) -> Shape:
    """A shape; `required` lists field names separated by spaces."""
    return Shape(name, source, MappingProxyType(dict(fields)), frozenset(required.split()), across)


def block(
    name: str,
    fields: Mapping[str, Rule],
    required: str = "",
    across: tuple[Rule, ...] = (),
    source: str = "docs: reference/block-kit/blocks",
) -> Shape:
    """A block's shape: its fields and those that every block has. Documentation pages carry the block's name."""
    if source.startswith("docs"):
        source = f"{source}/{name.replace('_', '-')}-block"
    common: dict[str, Rule] = {"type": anything, "block_id": string(255)}
    return shape(name, source, common | dict(fields), required, across)


def typed(name: str, shapes: Mapping[str, Rule]) -> Rule:
    """An object whose `type` says which of the shapes it has."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not isinstance(value, dict):
            yield place.broken("type", "must be an object")
            return
        kind = value.get("type")
        rule = shapes.get(kind) if isinstance(kind, str) else None
        if rule is None:
            allowed = ", ".join(sorted(shapes))
            unsupported = replace(place, pointer=f"{place.pointer}/type", name=name)
            yield unsupported.broken("unsupported", f"unsupported type: {kind}; allowed here: {allowed}")
        else:
            yield from rule(value, place)

    return check


def exactly_one(*keys: str) -> Rule:
    """Exactly one of some fields."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        present = [key for key in keys if key in value]
        if len(present) != 1:
            yield place.broken("exclusive", f"must have exactly one of: {', '.join(keys)}")

    return check


def at_most_one(*keys: str) -> Rule:
    """Not more than one of some fields."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if sum(key in value for key in keys) > 1:
            yield place.broken("exclusive", f"must not have more than one of: {', '.join(keys)}")

    return check


def at_least_one(*keys: str) -> Rule:
    """At least one of some fields."""

    def check(value: Any, place: Place) -> Iterator[Violation]:
        if not any(key in value for key in keys):
            yield place.broken("any", f"must have at least one of: {', '.join(keys)}")

    return check


def _escaped(key: str) -> str:
    return key.replace("~", "~0").replace("/", "~1")
