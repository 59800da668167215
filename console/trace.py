"""One execution for display: each visit of a state, with its attempts and the waits between them."""

import json
from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from itertools import pairwise
from typing import TYPE_CHECKING, Any, Final, cast

if TYPE_CHECKING:
    from workflow.interpreter import Run

VIRTUAL_CLOCK: Final = "virtual clock"


@dataclass(frozen=True, slots=True, kw_only=True)
class TaskAttempt:
    """One try of a task's work."""

    started_at: datetime
    ended_at: datetime | None = None
    error: str | None = None
    cause: Any = None


@dataclass(frozen=True, slots=True, kw_only=True)
class StateSpan:
    """One visit of one state. Values are parsed JSON; `tries` is 0 for a state without work."""

    state: str
    type: str
    depth: int
    """Number of Map and Parallel states around it."""
    entered_at: datetime
    left_at: datetime | None
    input: Any = None
    output: Any = None
    error: str | None = None
    cause: Any = None
    tries: int = 0
    attempts: tuple[TaskAttempt, ...] = ()
    """The tries with their times, if the source has them."""

    @property
    def waits(self) -> tuple[timedelta, ...]:
        """The time between each attempt and the next."""
        pairs = pairwise(self.attempts)
        return tuple(after.started_at - before.ended_at for before, after in pairs if before.ended_at)


@dataclass(frozen=True, slots=True, kw_only=True)
class LogLine:
    """One line that a function logged, and the lines of a stack trace below it."""

    at: datetime
    function: str
    text: str
    rest: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True, kw_only=True)
class ExecutionTrace:
    """One execution of any state machine."""

    name: str
    status: str
    started_at: datetime
    ended_at: datetime | None
    arn: str | None = None
    input: Any = None
    output: Any = None
    error: str | None = None
    cause: Any = None
    spans: tuple[StateSpan, ...] = ()
    definition: Any = None
    """The definition that it ran, as JSON; None if it is not known."""
    logs: tuple[LogLine, ...] = ()
    notes: tuple[str, ...] = field(default=())
    """Messages about the parts that could not be read."""
    clock: str = ""
    run: "Run | None" = None
    """The run in process that it represents."""

    @property
    def is_open(self) -> bool:
        """True if the execution is still running."""
        return self.status == "RUNNING"

    @property
    def path(self) -> tuple[str, ...]:
        """The names of the visited states, in order."""
        return tuple(span.state for span in self.spans)

    @property
    def result(self) -> Mapping[str, Any] | None:
        """The final BookingResult; None for another machine's output."""
        ended: Any = self.cause if self.error else self.output
        if not isinstance(ended, dict):
            return None
        fields = cast("dict[str, Any]", ended)
        return fields if {"schema", "status", "code", "message"} <= fields.keys() else None

    @property
    def end(self) -> datetime:
        """The end, or the latest known moment."""
        instants = [instant for span in self.spans for instant in (span.entered_at, span.left_at) if instant]
        return self.ended_at or max(instants, default=self.started_at)

    @property
    def duration(self) -> timedelta:
        """The time from start to end."""
        return self.end - self.started_at


def trace_of_run(name: str, run: "Run", given: Any) -> ExecutionTrace:
    """Return the trace of a run in process, with the times of its virtual clock."""
    spans = tuple(_spans_of_run(run))
    started = spans[0].entered_at if spans else datetime.fromtimestamp(0).astimezone()
    return ExecutionTrace(
        name=name,
        status=run.status,
        started_at=started,
        ended_at=started + run.duration,
        input=given,
        output=run.output,
        error=run.error,
        cause=_parse(run.cause),
        spans=spans,
        definition=run.definition.value,
        run=run,
        clock=VIRTUAL_CLOCK,
    )


def _spans_of_run(run: "Run") -> Iterator[StateSpan]:
    for visit in run.visits:
        yield StateSpan(
            state=visit.state,
            type=visit.type,
            depth=len(visit.branch_indexes),
            entered_at=visit.entered_at,
            left_at=visit.left_at,
            input=visit.input,
            output=visit.output,
            error=visit.error,
            cause=visit.cause,
            tries=visit.attempts,
        )


def _parse(text: str | None) -> Any:
    try:
        return None if text is None else json.loads(text)
    except ValueError:
        return text
