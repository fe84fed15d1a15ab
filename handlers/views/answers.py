"""Short answers to one person: help, confirmations, refusals and errors."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from bot.errors import BaselinerError, Refused
from bot.models import Operation, OperationKind, Window
from handlers.ids import COMMAND
from handlers.text import code, date, inline, prose
from handlers.views.blocks import Block, Message, context, modal, section, sections
from handlers.views.people import linked, mentions
from handlers.views.states import NOUNS


@dataclass(frozen=True)
class Usage:
    """A command for the reader of the help: how it is typed, what it does."""

    usage: str
    help: str
    examples: Sequence[str] = ()


def help_message(commands: Sequence[Usage]) -> Message:
    lines = [f"`{COMMAND} {command.usage}`\n{inline(command.help, 300)}" for command in commands]
    title = "*Baseliner* keeps your databases’ backups, restores and maintenance in one place."
    return Message("What Baseliner can do", [section(title), *sections(lines)])


def command_help_message(command: Usage) -> Message:
    """Of one command, with examples."""
    told = f"`{COMMAND} {command.usage}`\n{inline(command.help, 300)}"
    examples = [f"• `{COMMAND} {example}`" for example in command.examples]
    shown = ["Such as:", *examples] if examples else []
    return Message(f"How to type {command.usage.split()[0]}", [section("\n".join([told, *shown]))])


def unknown_word_message(word: str, suggestion: str | None, words: Sequence[str]) -> Message:
    told = f"There is no command {code(word, 60)}."
    if suggestion:
        told += f" Did you mean `{COMMAND} {suggestion}`?"
    listed = " ".join(f"`{known}`" for known in words)
    return Message(f"There is no command {inline(word, 60)}.", [section(told), context(f"Commands: {listed}")])


def accepted_message(operation: Operation, posted_in: str) -> Message:
    """The person sees where to look; `posted_in` is a channel id, empty when it is this channel."""
    where = f" Follow it in <#{posted_in}>." if posted_in else ""
    noun = NOUNS[operation.kind]
    noted = operation.reason if operation.kind is OperationKind.BACKUP else ""
    note = f", with the note “{inline(noted, 200)}”" if noted else ""
    told = f"{noun} of {code(operation.target)} is accepted{note}: {code(operation.id)}.{where}"
    return Message(told, [section(told)])


def restore_asked_message(operation: Operation, approvals_channel: str) -> Message:
    told = (
        f"The plan to restore {code(operation.target)} is being made: {code(operation.id)}. "
        f"It goes to <#{approvals_channel}> for approval by somebody else."
    )
    return Message(told, [section(told)])


def cancelled_message(operation: Operation) -> Message:
    """To the person who called it off."""
    noun = NOUNS[operation.kind]
    words = "was cancelled" if operation.state.ended else "was told to stop, and cleans up"
    return Message(f"{noun} {words}", [section(f"{noun} {code(operation.id)} of {code(operation.target)} {words}.")])


def window_message(window: Window, words: str) -> Message:
    told = (
        f"The window for {code(window.target)} from {date(window.starts_at)} to {date(window.ends_at)} is {words}: "
        f"{code(window.id)}."
    )
    return Message(told, [section(told)])


def error_message(error: BaselinerError, reference: str) -> Message:
    """What happened, the next step, who could say yes, and the id for the log."""
    told = prose(error.message, 900)
    lines = [f"⛔ {linked(told)}" if isinstance(error, Refused) else f"⚠️ {told}"]
    if error.remedy:
        lines.append(prose(error.remedy, 600))
    if isinstance(error, Refused) and error.who_can:
        lines.append(f"Who can: {mentions(error.who_can)}")
    return Message(lines[0], [section("\n".join(lines)), _reference(reference)])


def unexpected_message(reference: str) -> Message:
    told = (
        "⚠️ Something went wrong inside Baseliner, and it cannot tell whether your request was taken.\n"
        f"Look at `{COMMAND} status` before you ask again, and give the reference to whoever runs Baseliner."
    )
    return Message("Something went wrong inside Baseliner.", [section(told), _reference(reference)])


def notice_modal(message: Message) -> Block:
    """An answer above a dialog, which stays as it was."""
    return modal("Not done", message.blocks)


def field_error(error: BaselinerError) -> str:
    """One plain sentence below an input."""
    return " ".join(filter(None, [error.message, error.remedy])).replace("`", "")[:500]


def _reference(reference: str) -> Block:
    return context(f"Reference for the log: {code(reference)}")
