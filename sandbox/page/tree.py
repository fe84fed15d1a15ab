"""Trees of plain HTML elements, as values: what a page shows but nobody types into.

Tags and the names of attributes are always our own words; text from outside can only be a string in `children`, which
the browser gets as a text node, or the value of an attribute.
"""

from __future__ import annotations

from sandbox.model import Json

Tree = str | Json


def part(tag: str, css: str = "", /, *children: Tree, act: str | None = None, **attributes: object) -> Json:
    """An element. Underscores in attribute names become hyphens; None leaves one out.

    `act` makes it pressable: the piece that draws the tree then says so in these words.
    """
    given = {name.replace("_", "-"): value for name, value in attributes.items() if value is not None}
    whole: Json = {"tag": tag, "attributes": given}
    if css:
        whole["css"] = css
    if children:
        whole["children"] = [child for child in children if child != ""]
    if act is not None:
        whole["act"] = act
    return whole


def slot(name: str) -> Json:
    """The place where the piece's own slot of this name is drawn."""
    return {"slot": name}


def icon(name: str, css: str = "") -> Json:
    """A decorative Material icon, hidden from screen readers; `o_` in front of the name draws its outline."""
    family = "material-icons-outlined" if name.startswith("o_") else "material-icons"
    return part("i", f"icon notranslate {family} {css}".rstrip(), name.removeprefix("o_"), aria_hidden="true")


def text_of(tree: Tree) -> str:
    """Every character of the tree, in order."""
    return tree if isinstance(tree, str) else "".join(text_of(child) for child in tree.get("children", ()))
