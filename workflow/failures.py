"""Errors raised while a workflow is built from its Python source.

WorkflowError            a message that names the subject and what is allowed; raised when the workflow is built
├── NoSuchField          a reference names a field that its type does not have
├── NotACondition        a Python bool or a reference is used where a condition is required
├── WrongJoin            an invalid transition: a second next state, a payload that does not fit
├── NotReached           a state that no path leads to
├── NotExhaustive        a Choice that has no rule for some value
├── Unbound              a late-bound name without a value, or a value without a name
└── NotPortable          a construct that JSONPath cannot express
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Final

_OWN_MODULES: Final = ("workflow.dsl.", "workflow.deprecation")


class WorkflowError(Exception):
    """An error in a workflow, with a message for the person who writes it."""

    def __init__(self, message: str, *, at: object = None) -> None:
        """Take the message, and the state or transition that it is about."""
        super().__init__(message)
        self._source: tuple[str, int] | None = None
        self.locate(at)

    @property
    def source(self) -> tuple[str, int] | None:
        """The file and line of the workflow that the error is about; None if it has not been raised yet."""
        if self._source is not None or self.__traceback__ is None:
            return self._source
        calls = [step for step in _frames(self.__traceback__) if not _is_own(step)]
        return (calls[-1].tb_frame.f_code.co_filename, calls[-1].tb_lineno) if calls else None

    def locate(self, at: object) -> None:
        """Point to the line on which a state or transition is written, unless the line is already known."""
        line = getattr(at, "__dict__", {}).get("source_line")
        if self._source is None and line is not None:
            self._source = line.file, line.line
            self.add_note(f'  File "{line.file}", line {line.line}{_source_text(line.file, line.line)}')


def _frames(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_own(step: TracebackType) -> bool:
    """Return whether a traceback step is inside the workflow language and not in the code that uses it."""
    return str(step.tb_frame.f_globals.get("__name__", "")).startswith(_OWN_MODULES)


def _source_text(file: str, line: int) -> str:
    import linecache

    text = linecache.getline(file, line).strip()
    return f"\n    {text}" if text else ""


class NoSuchField(WorkflowError, AttributeError):
    """A reference names a field that its type does not have."""


class NotACondition(WorkflowError, TypeError):
    """A Python value is used where the running workflow must evaluate a condition."""


class WrongJoin(WorkflowError, TypeError):
    """An invalid transition between states."""


class NotReached(WorkflowError):
    """A state that no path leads to."""


class NotExhaustive(WorkflowError):
    """A Choice that has no rule for some value."""


class Unbound(WorkflowError, KeyError):
    """A late-bound name without a value, or a value without a name."""

    __str__ = Exception.__str__


class NotPortable(WorkflowError):
    """A construct that JSONPath cannot express; `code` says which kind of construct it is."""

    def __init__(self, code: str, message: str) -> None:
        super().__init__(f"{code}: {message}")
        self.code = code


def _hide_own_calls(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Print an uncaught WorkflowError without the frames inside the language, so that it ends in user code."""
    if isinstance(error, WorkflowError):
        user_frames: TracebackType | None = None
        for step in reversed([step for step in _frames(traceback) if not _is_own(step)]):
            user_frames = TracebackType(user_frames, step.tb_frame, step.tb_lasti, step.tb_lineno)
        error.__traceback__ = traceback = user_frames
    _print_error(kind, error, traceback)


_print_error: Final = sys.excepthook
sys.excepthook = _hide_own_calls
