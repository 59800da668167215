"""When a state tries again and when it gives up: retriers, and the names of errors."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Final

from ..deep_json import Json
from ..records import Record
from .bindings import whole_seconds

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

LAMBDA_TRANSIENT: Final = (
    "Lambda.ServiceException",
    "Lambda.AWSLambdaException",
    "Lambda.SdkClientException",
    "Lambda.TooManyRequestsException",
    "Lambda.ClientExecutionTimeoutException",
)
"""What Lambda answers when it is throttled or unwell.

Source: Step Functions developer guide, "Handle transient Lambda service exceptions".
"""


class Retry(Record, kw_only=True):
    """Try again on these errors, each wait longer than the last up to a cap, spread by chance."""

    on: tuple[str, ...] = (ALL,)
    interval: timedelta | None = None
    """Before the first retry; whole seconds. AWS's default: 1 s."""
    attempts: int | None = None
    """Retries after the first attempt, 0 for none. AWS's default: 3."""
    backoff: float | None = None
    """What the wait is multiplied by each time. AWS's default: 2."""
    longest: timedelta | None = None
    """Cap on a single wait; whole seconds."""
    jitter: bool | None = None
    """Whether a wait is drawn between nothing and its full length."""
    comment: str | None = None

    def asl(self) -> dict[str, Json]:
        """The retrier as it stands in a definition."""
        fields: Mapping[str, Json] = {
            "Comment": self.comment,
            "ErrorEquals": list(self.on),
            "IntervalSeconds": None if self.interval is None else whole_seconds(self.interval),
            "MaxAttempts": self.attempts,
            "BackoffRate": self.backoff,
            "MaxDelaySeconds": None if self.longest is None else whole_seconds(self.longest),
            "JitterStrategy": None if self.jitter is None else "FULL" if self.jitter else "NONE",
        }
        return {name: value for name, value in fields.items() if value is not None}
