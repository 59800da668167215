"""The record function: write the result of an execution to the audit trail, once, and return it."""

from typing import Any, Final

from .contracts.prebuilt import RecordInput
from .domain.answers import Answer
from .domain.order import NewerRelease, ReadOnlyOrder
from .domain.outcomes import answer_read_only
from .runtime.dependencies import Dependencies, dependencies
from .runtime.envelope import unwrap
from .runtime.recording import count_recorded, record_outcome
from .runtime.request_parsing import origin_of, parse_request
from .runtime.run_step import report

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "audit_bucket", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return record(event, dependencies(*REQUIRED_SETTINGS))


def record(event: object, deps: Dependencies) -> dict[str, Any]:
    """Record the result of the previous steps with at most one read and one put, and return it.

    Raises:
        Unavailable: retry; writing the same audit object again changes nothing.
    """
    message = RecordInput.model_validate(event)
    try:
        recorded = record_outcome(message, deps.orders, deps.audit, deps.now())
    except NewerRelease as newer:
        return _report_unrecorded(message, newer.order, deps)
    count_recorded(deps.log, recorded)
    return report(deps, "record", origin_of(message), recorded.answer, replayed=recorded.replayed)


def _report_unrecorded(message: RecordInput, order: ReadOnlyOrder, deps: Dependencies) -> dict[str, Any]:
    """Return the answer stored in an order of a newer release, which alone can write its audit object."""
    request = parse_request(unwrap(message.request))
    answer, replayed = (request, False) if isinstance(request, Answer) else answer_read_only(order, request)
    return report(deps, "record", origin_of(message), answer, replayed=replayed)
