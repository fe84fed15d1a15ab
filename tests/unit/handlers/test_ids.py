"""What buttons and dialogs carry comes back as it went, or is refused."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.errors import UsageError
from handlers.ids import ModalContext, decode, encode, identifier


@pytest.mark.parametrize("context", [ModalContext("C1"), ModalContext("C1", "inventory")])
def test_a_context_comes_back(context: ModalContext) -> None:
    assert decode(encode(context)) == context


@given(st.text(max_size=60))
def test_strange_metadata_is_refused(metadata: str) -> None:
    with pytest.raises(UsageError):
        decode(metadata)


@pytest.mark.parametrize(
    "metadata", ['{"channel":"C1"}', '{"channel":1,"target":null}', '{"channel":"C1","target":"<a>"}']
)
def test_metadata_with_strange_values_is_refused(metadata: str) -> None:
    with pytest.raises(UsageError):
        decode(metadata)


@pytest.mark.parametrize("value", ["", None, 7, "a b", "<!channel>", "x" * 101])
def test_a_button_carries_an_id(value: object) -> None:
    with pytest.raises(UsageError):
        identifier(value)
    assert identifier("20261122T101500Z-7k3f") == "20261122T101500Z-7k3f"
