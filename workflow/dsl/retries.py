"""Retriers of a state, and names of errors."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import TYPE_CHECKING, Any, Final, cast

from ..asl.json_type import Json
from ..asl.limits import MAX_RETRY_DELAY_SECONDS
from ..asl.records import Record
from ..deprecation import renamed_keywords
from ..failures import WorkflowError
from .bindings import Bindings, Limit
from .option_checks import check_fixed_durations, check_fixed_strings, check_flags, check_kind, check_numbers, reject

ALL: Final = "States.ALL"
TIMEOUT: Final = "States.Timeout"
TASK_FAILED: Final = "States.TaskFailed"
BRANCH_FAILED: Final = "States.BranchFailed"
NO_CHOICE_MATCHED: Final = "States.NoChoiceMatched"
QUERY_FAILED: Final = "States.QueryEvaluationError"
RUNTIME: Final = "States.Runtime"
HEARTBEAT_TIMEOUT: Final = "States.HeartbeatTimeout"
PERMISSIONS: Final = "States.Permissions"
DATA_LIMIT_EXCEEDED: Final = "States.DataLimitExceeded"
TOLERATED_FAILURES_EXCEEDED: Final = "States.ExceedToleratedFailureThreshold"
ITEM_READER_FAILED: Final = "States.ItemReaderFailed"
RESULT_WRITER_FAILED: Final = "States.ResultWriterFailed"

LAMBDA_THROTTLED: Final = "Lambda.TooManyRequestsException"
"""Lambda refused an invocation: the function's or the account's concurrency is used up."""

LAMBDA_TRANSIENT: Final = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    LAMBDA_THROTTLED,
    "Lambda.ClientExecutionTimeoutException",
)
"""Transient errors of Lambda: throttling and service errors.

Source: Step Functions developer guide, "Handle transient Lambda service exceptions".
"""


def check_errors(owner: str, names: object) -> None:
    """Reject anything but a tuple of distinct error names, in which ALL must stand alone."""
    if isinstance(names, str):
        raise WorkflowError(f"{owner}(on={names!r}): must be a tuple of error names, ({names!r},)")
    check_kind(owner, "must be a tuple of error names", names, tuple, list)
    given = tuple(cast("Iterable[object]", names))
    if not given or not all(isinstance(name, str) for name in given):
        reject(owner, "must be a tuple of error names", names)
    if len(set(given)) < len(given):
        raise WorkflowError(f"{owner}: {names!r} contains an error name twice")
    if ALL in given and len(given) > 1:
        raise WorkflowError(f"{owner}: ALL matches every error, so it must be the only name, got {names!r}")


class Retry(Record, kw_only=True):
    """A retrier for the errors in `on`: the wait grows with each retry up to a cap, and may be jittered."""

    on: tuple[str, ...] = (ALL,)
    interval: timedelta | Limit | None = None
    """The wait before the first retry, in whole seconds. AWS's default: 1 s."""
    attempts: int | Limit | None = None
    """The maximum number of retries after the first attempt, 0 for none. AWS's default: 3."""
    backoff: float | Limit | None = None
    """The factor by which the wait grows with each retry. AWS's default: 2."""
    max_delay: timedelta | Limit | None = None
    """The cap on a single wait, in whole seconds."""
    jitter: bool | None = None
    """True if each wait is drawn between zero and its full length."""
    comment: str | None = None

    if not TYPE_CHECKING:

        @renamed_keywords(longest="max_delay")
        def __init__(self, *values: Any, **named: Any) -> None:
            super().__init__(*values, **named)

    def check(self) -> None:
        """Raise WorkflowError for values that Step Functions would not accept."""
        check_errors("Retry", self.on)
        check_fixed_durations(self, 1, interval=self.interval)
        check_fixed_durations(self, 1, MAX_RETRY_DELAY_SECONDS, max_delay=self.max_delay)
        check_numbers(self, 0, attempts=self.attempts)
        check_flags(self, jitter=self.jitter)
        check_fixed_strings(self, comment=self.comment)
        backoff = self.backoff.default if isinstance(self.backoff, Limit) else self.backoff
        if backoff is not None and (not isinstance(backoff, int | float) or backoff < 1):
            reject(self, "backoff must be a number of at least 1", self.backoff)
        first = self.interval or timedelta(seconds=1)
        if isinstance(self.max_delay, timedelta) and isinstance(first, timedelta) and self.max_delay <= first:
            raise WorkflowError(
                f"Retry: max_delay ({self.max_delay}) must be longer than the first wait ({self.interval or '1 s'})"
            )

    def asl(self, bindings: Bindings | None = None) -> dict[str, Json]:
        """Return the retrier's JSON for a definition, with the values of its limits."""
        bound = bindings or Bindings(None, "aws")
        fields: Mapping[str, Json] = {
            "Comment": self.comment,
            "ErrorEquals": list(self.on),
            "IntervalSeconds": None if self.interval is None else bound.seconds(self.interval),
            "MaxAttempts": bound.number(self.attempts) if isinstance(self.attempts, Limit) else self.attempts,
            "BackoffRate": bound.number(self.backoff) if isinstance(self.backoff, Limit) else self.backoff,
            "MaxDelaySeconds": None if self.max_delay is None else bound.seconds(self.max_delay),
            "JitterStrategy": None if self.jitter is None else "FULL" if self.jitter else "NONE",
        }
        return {name: value for name, value in fields.items() if value is not None}
