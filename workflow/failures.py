"""Errors in a workflow as it is written.

WorkflowError            a sentence that names the thing and what was allowed; raised when the workflow is built
├── NoSuchField          a reference names a field that its type does not have
├── NotACondition        a Python bool or a reference stands where a condition belongs
├── WrongJoin            an arrow that cannot be: a second way out of a state, a payload that does not fit
├── NotReached           a state that no path leads to
├── NotExhaustive        a Choice that some value gets past
├── Unbound              a late-bound name that was given no value, or a value for no name
└── NotPortable          nothing in JSONPath says this
"""

from __future__ import annotations

import sys
from collections.abc import Iterator
from types import TracebackType
from typing import Final

_LANGUAGE: Final = "workflow.dsl."


class WorkflowError(Exception):
    """A sentence for the person who writes the workflow."""

    def __init__(self, sentence: str, *, at: object = None) -> None:
        """Take what is wrong, and the state or arrow that it is about."""
        super().__init__(sentence)
        self._source: tuple[str, int] | None = None
        self.locate(at)

    @property
    def source(self) -> tuple[str, int] | None:
        """The file and line of the workflow that it is about; None while it has not been raised."""
        if self._source is not None or self.__traceback__ is None:
            return self._source
        calls = [step for step in _steps(self.__traceback__) if not _is_own(step)]
        return (calls[-1].tb_frame.f_code.co_filename, calls[-1].tb_lineno) if calls else None

    def locate(self, at: object) -> None:
        """Point to the line on which a state or an arrow is written, unless a line is known."""
        written = getattr(at, "__dict__", {}).get("source_line")
        if self._source is None and written is not None:
            self._source = written.file, written.line
            self.add_note(f'  File "{written.file}", line {written.line}{_text_of(written.file, written.line)}')


def _steps(traceback: TracebackType | None) -> Iterator[TracebackType]:
    while traceback is not None:
        yield traceback
        traceback = traceback.tb_next


def _is_own(step: TracebackType) -> bool:
    """Return whether a call is the language's own, and not one of the workflow that uses it."""
    return str(step.tb_frame.f_globals.get("__name__", "")).startswith(_LANGUAGE)


def _text_of(file: str, line: int) -> str:
    import linecache

    text = linecache.getline(file, line).strip()
    return f"\n    {text}" if text else ""


class NoSuchField(WorkflowError, AttributeError):
    """A reference names a field that its type does not have."""


class NotACondition(WorkflowError, TypeError):
    """A Python value stands where the running workflow must decide."""


class WrongJoin(WorkflowError, TypeError):
    """An arrow that cannot be."""


class NotReached(WorkflowError):
    """A state that no path leads to."""


class NotExhaustive(WorkflowError):
    """A Choice that some value gets past."""


class Unbound(WorkflowError, KeyError):
    """A late-bound name without a value, or a value without a name."""

    __str__ = Exception.__str__


class NotPortable(WorkflowError):
    """Nothing in JSONPath says this; the code says which kind of thing."""

    def __init__(self, code: str, sentence: str) -> None:
        super().__init__(f"{code}: {sentence}")
        self.code = code


def _hide_own_calls(kind: type[BaseException], error: BaseException, traceback: TracebackType | None) -> None:
    """Print an uncaught WorkflowError without the calls inside the language: its last line is one of the workflow's."""
    if isinstance(error, WorkflowError):
        shown: TracebackType | None = None
        for step in reversed([step for step in _steps(traceback) if not _is_own(step)]):
            shown = TracebackType(shown, step.tb_frame, step.tb_lasti, step.tb_lineno)
        error.__traceback__ = traceback = shown
    _print_error(kind, error, traceback)


_print_error: Final = sys.excepthook
sys.excepthook = _hide_own_calls
