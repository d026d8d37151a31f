"""What `do` does: one function for each action that rules can take in a save."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from functools import partial
from typing import TYPE_CHECKING

from fieldstone.records.rows import Values
from fieldstone.records.rules import writes
from fieldstone.records.rules.notifications import ENTITY, notification
from fieldstone.records.rules.transaction import logger
from fieldstone_rules.rule_files.actions import MESSAGE
from fieldstone_rules.rule_files.declarations import Do
from fieldstone_rules.types import Ref

if TYPE_CHECKING:
    from fieldstone.records.rules.execution import Execution, Frame, Frames


def perform(execution: Execution, frames: Frames, statement: Do) -> None:
    """Take an action for all frames."""
    _ACTIONS[statement.action](execution, frames, statement)


def _log(execution: Execution, frames: Frames, statement: Do) -> None:
    for frame in frames:
        text = execution.value(frame, statement.arguments["text"], statement.line)
        logger.info("rule %s: %s", execution.rule.name, text)


def _transition(execution: Execution, frames: Frames, statement: Do) -> None:
    place, name = execution.place(statement.line), statement.names["name"]
    refs = execution.records(frames, statement.arguments["record"], statement.line)
    if refs:
        execution.write(frames, statement.line, lambda: writes.transition(execution.batch, place, refs, name))


def _notify(execution: Execution, frames: Frames, statement: Do) -> None:
    """Nobody is told where the user is null. Whoever acts needs no right to notifications for it."""
    entity = execution.batch.model.entities[ENTITY]
    told: list[Frame] = []
    values: list[Values] = []
    for frame in frames:
        user = execution.value(frame, statement.arguments["user"], statement.line)
        if user is not None:
            told.append(frame)
            about = Ref(execution.batch.entity.name, frame.item.id) if frame.item.new else None
            subject, body = _words(execution, frame, statement)
            values.append(notification(entity, user, subject, about, body))
    place = writes.of_the_system(execution.place(statement.line))
    if told:
        execution.write(
            told, statement.line, lambda: _discard(writes.create(execution.batch, place, entity, values))
        )


def _words(execution: Execution, frame: Frame, statement: Do) -> tuple[str | None, str | None]:
    """What a notification says: its subject and its body, of a document or of the text in the rule."""
    if MESSAGE not in statement.names:
        return execution.value(frame, statement.arguments["text"], statement.line), None
    message = execution.batch.model.application.messages[statement.names[MESSAGE]]
    return execution.words(frame, message.subject, statement), execution.words(frame, message.body, statement)


def _discard(_made: object) -> None:
    """Nobody asks for what an action made."""


def _assign(execution: Execution, frames: Frames, statement: Do) -> None:
    """To whom a record belongs from now on; nothing happens where either is null."""
    place, line = execution.place(statement.line), statement.line
    changes: dict[Ref, Values] = {}
    for frame in frames:
        ref = execution.value(frame, statement.arguments["record"], line)
        to = execution.value(frame, statement.arguments["to"], line)
        if ref is not None and to is not None:
            changes.setdefault(ref, {})["team" if to.entity == "team" else "owner"] = to
    if changes:
        execution.write(frames, line, lambda: writes.update(execution.batch, place, changes))


def _share(execution: Execution, frames: Frames, statement: Do) -> None:
    """Nothing happens where the record or the receiver is null."""
    place, line = execution.place(statement.line), statement.line
    for frame in frames:
        given = {
            name: execution.value(frame, argument, line) for name, argument in statement.arguments.items()
        }
        if given["record"] is not None and given["with"] is not None:
            execution.write([frame], line, partial(writes.share, execution.batch, place, given))


_ACTIONS: Mapping[str, Callable[[Execution, Frames, Do], None]] = {
    "log": _log,
    "transition": _transition,
    "notify": _notify,
    "assign": _assign,
    "share": _share,
}
"""Name → what it does. The names and parameters are declared in `fieldstone_rules.rule_files.actions`."""
