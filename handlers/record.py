"""The record function: write the result of an execution to the audit trail, once, and return it."""

from typing import Any, Final

from .contracts.messages import RecordInput
from .runtime.dependencies import Dependencies, dependencies
from .runtime.recording import count_recorded, record_outcome
from .runtime.request_parsing import origin_of
from .runtime.run_step import report

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "audit_bucket", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return record(event, dependencies(*REQUIRED_SETTINGS))


def record(event: object, deps: Dependencies) -> dict[str, Any]:
    """Record the result of the steps before with at most one read and one put, and return it.

    Raises:
        Unavailable: to be retried; writing the same audit object again changes nothing.
    """
    message = RecordInput.model_validate(event)
    recorded = record_outcome(message, deps.orders, deps.audit, deps.now())
    count_recorded(deps.log, recorded)
    return report(deps, "record", origin_of(message), recorded.answer, replayed=recorded.replayed)
