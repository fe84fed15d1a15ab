"""Finding the element a person means, and turning what they give it into the client's state."""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias, TypeVar

from sandbox.blockkit import check_options
from sandbox.delivery.transport import Acknowledgement, DispatchFailed, NotAcknowledged
from sandbox.elements import Placed, complete_state, placed_elements
from sandbox.filling import with_text_defaults
from sandbox.fitting import Misfit, choose, choose_feedback, fit, is_empty, known_options
from sandbox.model import Json, Message, StateValues, User, View
from sandbox.outcome import Impossible
from sandbox.payloads import file_json
from sandbox.uploads import receive_files
from sandbox.workspace import Workspace

T = TypeVar("T")
_REMEMBERED = 500


@dataclass(frozen=True, slots=True)
class Screen:
    """A message or a view in front of one person: its blocks and what they have entered."""

    blocks: Sequence[Json]
    values: StateValues
    message: Message | None = None
    view: View | None = None

    @property
    def id(self) -> str:
        """The view's id, or the message's channel and timestamp."""
        if self.view is not None:
            return self.view.id
        return f"{self.message.channel}/{self.message.ts}" if self.message else ""

    def find(self, action_id: str, block_id: str | None) -> Placed:
        """The element of this id. Raises Impossible naming the action ids there are."""
        here = list(placed_elements(self.blocks))
        for placed in here:
            if placed.action_id == action_id and block_id in (None, placed.block_id):
                return placed
        ids = [placed.action_id for placed in here]
        detail = f"no action {action_id!r} here; there are: {', '.join(ids) or 'none'}"
        raise Impossible(404, "action_not_found", detail, action_ids=ids)

    def require_inputs(self) -> None:
        """Raise Impossible when a required input is empty."""
        state = complete_state(self.blocks, self.values)
        missing = [
            placed.block_id
            for placed in placed_elements(self.blocks)
            if placed.block["type"] == "input"
            and not placed.block.get("optional")
            and is_empty(state[placed.block_id][placed.action_id])
        ]
        if missing:
            raise Impossible(422, "missing_input", f"please fill in: {', '.join(missing)}", block_ids=missing)


AskApp: TypeAlias = Callable[[User, Screen, Placed, str], Awaitable[Acknowledgement]]


class Entering:
    """Fits what people enter to the elements, asking the app for the options of external selects."""

    def __init__(self, workspace: Workspace, ask_app: AskApp) -> None:
        self._workspace = workspace
        self._ask_app = ask_app
        self._suggested: dict[tuple[str, str, str], list[Json]] = {}

    async def details(self, user: User, screen: Screen, placed: Placed, value: Any) -> tuple[Json, Json | None]:
        """What the action's entry says beyond its ids, and the element's new state if it has one."""
        if placed.type == "overflow":
            return {"selected_option": _judged(lambda: choose(placed, known_options(placed.element), value))}, None
        if placed.type == "feedback_buttons":
            return _judged(lambda: choose_feedback(placed, value)), None
        if placed.state_key is None:
            return {}, None
        state = await self.state(user, screen, placed, value)
        return {placed.state_key: state[placed.state_key]}, state

    async def state(self, user: User, screen: Screen, placed: Placed, value: Any) -> Json:
        """The element's state with this value. Raises Impossible when the value does not fit."""
        if placed.type == "file_input":
            files = _judged(lambda: receive_files(self._workspace, user, placed, value))
            return {"type": placed.type, "files": [file_json(self._workspace, file) for file in files]}
        options: list[Json] = []
        if "external" in placed.type and value not in (None, "", []):
            key = (user.id, screen.id, placed.action_id)
            if key not in self._suggested:
                await self.suggest(user, screen, placed, _query(value))
            options = self._suggested[key]
        return _judged(lambda: fit(placed, value, options, self._identify))

    async def suggest(self, user: User, screen: Screen, placed: Placed, query: str) -> list[Json]:
        """Ask the app for the options that fit what was typed."""
        if "external" not in placed.type:
            raise Impossible(400, "not_external", f"{placed.action_id} is a {placed.type}; its options are given")
        try:
            answer = await self._ask_app(user, screen, placed, query)
        except (NotAcknowledged, DispatchFailed) as error:
            raise Impossible(502, "no_options", "the app did not answer with options") from error
        violations = check_options(answer.body)
        if violations:
            self._workspace.violations.extend(violations)
            raise Impossible(502, "invalid_options", "; ".join(map(str, violations)))
        options: list[Json] = with_text_defaults(known_options(answer.body))
        key = (user.id, screen.id, placed.action_id)
        new = {option.get("value") for option in options}
        earlier = [option for option in self._suggested.get(key, ()) if option.get("value") not in new]
        self._suggested[key] = [*options, *earlier][:_REMEMBERED]
        return options

    def _identify(self, kind: str, reference: str) -> str:
        user = self._workspace.find_user(reference) if kind != "channel" else None
        channel = self._workspace.find_channel(reference) if kind != "user" else None
        found = user or channel
        if found is None:
            raise Misfit(f"there is no {kind} {reference!r}")
        return found.id


def submission_values(screen: Screen, values: Mapping[str, Any]) -> Iterator[tuple[Placed, Any]]:
    """Each element that `values` names, by block id, action id or both, and its value. Raises Impossible."""
    here = [placed for placed in placed_elements(screen.blocks) if placed.state_key is not None]
    for key, value in values.items():
        in_block = {placed.action_id: placed for placed in here if placed.block_id == key}
        if in_block and isinstance(value, Mapping) and value and set(value) <= set(in_block):
            yield from ((in_block[action_id], item) for action_id, item in value.items())
        elif len(in_block) == 1:
            yield next(iter(in_block.values())), value
        else:
            named = next((placed for placed in here if placed.action_id == key), None)
            if named is None:
                inputs = [f"{placed.block_id}/{placed.action_id}" for placed in here]
                raise Impossible(422, "no_such_input", f"no input {key!r}; there are: {', '.join(inputs) or 'none'}")
            yield named, value


def _query(value: Any) -> str:
    first = value[0] if isinstance(value, list) else value
    return str(first.get("value", "")) if isinstance(first, Mapping) else str(first)


def _judged(enter: Callable[[], T]) -> T:
    try:
        return enter()
    except Misfit as misfit:
        raise Impossible(422, "invalid_value", str(misfit)) from misfit
