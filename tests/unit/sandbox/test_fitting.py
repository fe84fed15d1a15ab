"""What a person may enter into each element, and what they may not."""

from __future__ import annotations

from typing import Any

import pytest

from sandbox.elements import Placed
from sandbox.fitting import Misfit, fit
from tests.unit.sandbox.blocks import Json, field, option, options, plain, select, text_input

GROUPED = {
    "type": "static_select",
    "action_id": "use",
    "option_groups": [{"label": plain(), "options": options(2)}, {"label": plain(), "options": [option("z", "Z")]}],
}


def element(kind: str, **more: Any) -> Json:
    return {"type": kind, "action_id": "use", **more}


def identify(kind: str, reference: str) -> str:
    if reference != "olive":
        raise Misfit(f"there is no {kind} {reference!r}")
    return "U0OPERATOR"


def entered(element: Json, value: Any) -> Any:
    state = fit(Placed(field(element, block_id="b"), element), value, (), identify)
    assert state["type"] == element["type"]
    return next(content for key, content in state.items() if key != "type")


def rich_text(text: str) -> Json:
    section = {"type": "rich_text_section", "elements": [{"type": "text", "text": text}]}
    return {"type": "rich_text", "elements": [section]}


FITS = [
    (text_input(), "words", "words"),
    (text_input(), "", None),
    (text_input(), None, None),
    (text_input(), 7, "7"),
    (text_input(), {"type": "plain_text_input", "value": "state"}, "state"),
    (text_input(max_length=5), "12345", "12345"),
    (element("number_input", is_decimal_allowed=True), 1.5, "1.5"),
    (element("number_input", is_decimal_allowed=False, min_value="1"), "1", "1"),
    (element("email_text_input"), "a@example.org", "a@example.org"),
    (element("url_text_input"), "https://example.org", "https://example.org"),
    (select(), "v1", options(2)[1]),
    (select(), "Option 1", options(2)[1]),
    (select(), options(2)[1], options(2)[1]),
    (select(), None, None),
    (GROUPED, "z", option("z", "Z")),
    (element("radio_buttons", options=options(2)), "v0", options(2)[0]),
    (element("checkboxes", options=options(2)), ["v0", "v1"], options(2)),
    (element("checkboxes", options=options(2)), "v0", options(1)),
    (element("checkboxes", options=options(2)), True, options(2)),
    (element("checkboxes", options=options(2)), False, []),
    (element("multi_static_select", options=options(3), max_selected_items=2), ["v0"], options(1)),
    (element("users_select"), "olive", "U0OPERATOR"),
    (element("multi_users_select"), ["olive"], ["U0OPERATOR"]),
    (element("conversations_select"), "", None),
    (element("datepicker"), "2026-11-30", "2026-11-30"),
    (element("timepicker"), "07:05", "07:05"),
    (element("datetimepicker"), "1769000000", 1769000000),
    (element("rich_text_input"), "two\nlines", rich_text("two\nlines")),
    (element("rich_text_input"), rich_text("x"), rich_text("x")),
    (element("rich_text_input"), "", None),
]

MISFITS = [
    (text_input(max_length=5), "123456", "at most 5 characters"),
    (text_input(min_length=3), "12", "at least 3 characters"),
    (text_input(), "x" * 3001, "at most 3000"),
    (text_input(), ["x"], "takes text"),
    (text_input(), True, "takes text"),
    (element("number_input", is_decimal_allowed=False), "1.5", "no whole number"),
    (element("number_input", is_decimal_allowed=True), "one", "no number"),
    (element("number_input", is_decimal_allowed=True, min_value="2"), "1", "at least 2"),
    (element("number_input", is_decimal_allowed=True, max_value="2"), "3", "at most 2"),
    (element("email_text_input"), "nobody", "no e-mail address"),
    (element("url_text_input"), "example", "no URL"),
    (select(), "v9", "the options are: v0, v1"),
    (element("checkboxes", options=options(2)), ["v0", "v9"], "no option 'v9'"),
    (element("multi_static_select", options=options(3), max_selected_items=1), ["v0", "v1"], "at most 1"),
    (element("users_select"), "nobody", "no user 'nobody'"),
    (element("datepicker"), "30.11.2026", "2026-11-30"),
    (element("timepicker"), "7:5", "17:30"),
    (element("datetimepicker"), "tomorrow", "seconds since the epoch"),
    (element("rich_text_input"), {"type": "section"}, "takes text"),
    (element("button", text=plain()), "x", "holds no value"),
]


@pytest.mark.parametrize(("element", "value", "content"), FITS)
def test_a_value_that_fits_becomes_state(element: Json, value: Any, content: Any) -> None:
    assert entered(element, value) == content


@pytest.mark.parametrize(("element", "value", "reason"), MISFITS)
def test_a_value_that_does_not_fit_is_refused_with_its_reason(element: Json, value: Any, reason: str) -> None:
    with pytest.raises(Misfit, match=reason):
        entered(element, value)
