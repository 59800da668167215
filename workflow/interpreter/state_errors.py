"""Errors of states: AWS's error names, their matching by retriers and catchers, and faults for tests.

StateFailed    an error of a state, as Retry and Catch see it
PathNotFound   a JSONPath that matches nothing; IsPresent in a choice rule treats it as false
TaskFailed     raised by a callable to set the error's name and cause itself
"""

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import timedelta
from typing import Final

from ..asl.limits import MAX_CAUSE_LENGTH

ALL: Final = "States.ALL"
TASK_FAILED: Final = "States.TaskFailed"
TIMEOUT: Final = "States.Timeout"
HEARTBEAT: Final = "States.HeartbeatTimeout"
RUNTIME: Final = "States.Runtime"
DATA_LIMIT: Final = "States.DataLimitExceeded"
QUERY: Final = "States.QueryEvaluationError"
PARAMETER_PATH: Final = "States.ParameterPathFailure"
RESULT_PATH: Final = "States.ResultPathMatchFailure"
PATH_CONFLICT: Final = "States.ReferencePathConflict"
"""The error of a ResultPath or ItemsPath that does not fit its input; AWS's documentation does not list it."""
INTRINSIC: Final = "States.IntrinsicFailure"
NO_CHOICE: Final = "States.NoChoiceMatched"
ITEM_READER: Final = "States.ItemReaderFailed"
TOO_MANY_FAILED: Final = "States.ExceedToleratedFailureThreshold"
_FATAL: Final = (RUNTIME, DATA_LIMIT)
"""The errors that States.ALL does not match, according to the documentation."""


class StateFailed(Exception):
    """A failure of a state, with the error name that retriers and catchers match, and its cause."""

    def __init__(self, error: str, cause: str = "", origin: BaseException | None = None) -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error, self.cause, self.origin = error, cause[:MAX_CAUSE_LENGTH], origin

    @property
    def output(self) -> dict[str, str]:
        """The error output, as a catcher receives it."""
        return {"Error": self.error, "Cause": self.cause}

    def matches(self, names: Sequence[object], *, documented: bool = False) -> bool:
        """Return true if a retrier or catcher with these names in ErrorEquals matches the error.

        Recorded executions show that nothing catches States.Runtime, not even a catcher that names it, and that
        States.ALL catches States.DataLimitExceeded. The documentation says the opposite of the latter.
        """
        if self.error == RUNTIME and not documented:
            return False
        if self.error in names:
            return True
        if self.error in _FATAL:
            return not documented and ALL in names
        if self.error == HEARTBEAT and TIMEOUT in names:
            return True
        return ALL in names or (TASK_FAILED in names and self.error not in (TIMEOUT, HEARTBEAT))


class PathNotFound(StateFailed):
    """A JSONPath that matches nothing in the data."""


class TaskFailed(Exception):
    """An error for callables to raise: the task then fails with this name and cause."""

    def __init__(self, error: str, cause: str = "") -> None:
        super().__init__(f"{error}: {cause}" if cause else error)
        self.error, self.cause = error, cause


@dataclass(frozen=True, slots=True, kw_only=True)
class Fault:
    """A failure that a run injects into one attempt of a state."""

    error: str = TASK_FAILED
    cause: str = "injected"
    after: timedelta = timedelta(0)
    """The time until the attempt fails; if the task times out first, the error is States.Timeout."""
    lost_reply: bool = False
    """True to call the callable and lose only its reply; otherwise it is not called."""
