"""The booking workflow: invoke the purchase or refund function, record the outcome, then succeed or fail.

Every task has a timeout, retries the errors that AWS documents as transient, and catches the failures that remain. The
timeouts nest: SDK call < function < task < execution.
"""

from __future__ import annotations

from datetime import timedelta
from functools import reduce
from typing import Final

from handlers.contracts.messages import (
    ApiRequest,
    BookingRequest,
    BookingResult,
    CaughtError,
    FunctionInput,
    RecordInput,
)

from .dsl.bindings import Function, Limit, Queue
from .dsl.context_object import context
from .dsl.functions import concat, seen_as, to_json
from .dsl.references import caught, input_of, made, output_of, result_of
from .dsl.retries import ALL, DATA_LIMIT_EXCEEDED, LAMBDA_THROTTLED, LAMBDA_TRANSIENT, TIMEOUT, Retry
from .dsl.states.basic_states import Choice, Fail, Succeed
from .dsl.states.service_tasks import SendMessage
from .dsl.states.tasks import Invoke
from .dsl.states.transitions import variable
from .dsl.value_expressions import Condition, condition_of
from .dsl.workflow_class import Workflow

purchase_fn: Final = Function("purchase_fn", FunctionInput, BookingResult)
refund_fn: Final = Function("refund_fn", FunctionInput, BookingResult)
record_fn: Final = Function("record_fn", RecordInput, BookingResult)
parking: Final = Queue("parking")

task_limit: Final = Limit("task_seconds", "how long one attempt of a task may take", timedelta(seconds=20))
execution_limit: Final = Limit("execution_seconds", "how long an execution may take", timedelta(seconds=300))

TRANSIENT_ERRORS: Final = (
    *(error for error in LAMBDA_TRANSIENT if error != LAMBDA_THROTTLED),
    "Lambda.Unknown",
    "Sandbox.Timedout",
    "Runtime.ExitError",
    TIMEOUT,
    "Unavailable",
    "PaymentOutcomeUnknown",
)
"""Errors other than throttling after which the same task may succeed.

They are service errors of Lambda, timeouts of a function or task, a function's process that ended (killed, out of
memory), and the errors that our functions raise in order to be retried (wire names). Retrying is safe: every effect is
one conditional write, and every payment has its own key.
"""

THROTTLES: Final = Retry(
    on=(LAMBDA_THROTTLED,),
    interval=timedelta(seconds=1),
    attempts=37,
    backoff=2.0,
    max_delay=timedelta(seconds=3),
    jitter=False,
)
"""The retrier for throttled purchase and refund functions: a burst is late, not lost (law 45).

It waits 108 s in total, before anything has run. Full jitter would halve the total, because each wait is drawn between
zero and its full length, and some executions would wait much less than others. Short, equal waits give every execution
the whole time and serve executions in the order of their arrival; the duration of their invocations keeps them apart.
"""

RECORD_THROTTLES: Final = Retry(
    on=(LAMBDA_THROTTLED,),
    interval=timedelta(seconds=1),
    attempts=38,
    backoff=2.0,
    max_delay=timedelta(seconds=3),
    jitter=False,
)
"""The retrier for throttled recording: it waits 111 s, longer than `THROTTLES`, because an outcome exists by then."""

TRANSIENT: Final = Retry(
    on=TRANSIENT_ERRORS,
    interval=timedelta(seconds=1),
    attempts=3,
    backoff=2.0,
    max_delay=timedelta(seconds=10),
    jitter=True,
)
RECORD_TRANSIENT: Final = Retry(
    on=TRANSIENT_ERRORS,
    interval=timedelta(seconds=2),
    attempts=5,
    backoff=2.0,
    max_delay=timedelta(seconds=20),
    jitter=True,
)
QUEUED: Final = Retry(
    on=(ALL,), interval=timedelta(seconds=1), attempts=2, backoff=2.0, max_delay=timedelta(seconds=5), jitter=True
)

_request = input_of(BookingRequest)
_execution = context.Execution


def _asks_for(*actions: str) -> Condition:
    """Return the condition that the input requests one of these actions, either bare or in the API's envelope."""
    enveloped = seen_as(_request, ApiRequest).request
    comparisons = [each.action == action for each in (_request, enveloped) for action in actions]
    return reduce(lambda one, other: one | other, map(condition_of, comparisons))


def _function_input() -> FunctionInput:
    """Return the input of the purchase and refund functions: the caller's JSON as received, and its origin."""
    return made(FunctionInput)(execution=_execution.Id, requested_at=_execution.StartTime, request=_request)


def _record_input(result: BookingResult | None, error: CaughtError | None) -> RecordInput:
    """Return the input of the record function: a result, an error, or neither if the request was refused.

    The request is taken from the execution's input and not from a variable, because a Choice that assigns too much data
    ends the execution.
    """
    return made(RecordInput)(
        execution=_execution.Id,
        requested_at=_execution.StartTime,
        request=_execution.Input,
        result=result,
        error=error,
    )


def _oversized_record_input() -> RecordInput:
    """Return the input for recording a request so large that nothing fits beside it, which no valid request is."""
    return made(RecordInput)(
        execution=_execution.Id, requested_at=_execution.StartTime, request=None, request_is_too_large=True
    )


def _unrecorded_result() -> BookingResult:
    """Return the result for a caller whose outcome could not be recorded."""
    return made(BookingResult)(
        status="unknown",
        code="NOT_RECORDED",
        message="The outcome could not be recorded. It is parked in a queue, and reconcile will record it.",
    )


class Booking(Workflow[BookingRequest, BookingResult]):
    """Move the money of an order, then record the outcome."""

    timeout = execution_limit

    request = _request
    result = variable(BookingResult | None)
    error = variable(CaughtError | None)
    outcome = variable(BookingResult)
    report = _record_input(result, error)

    route = Choice(request)
    purchase = Invoke(purchase_fn, _function_input(), retry=(THROTTLES, TRANSIENT), timeout=task_limit)
    refund = Invoke(refund_fn, _function_input(), retry=(THROTTLES, TRANSIENT), timeout=task_limit)
    record = Invoke(record_fn, report, retry=(RECORD_THROTTLES, RECORD_TRANSIENT), timeout=task_limit)
    refuse = Invoke(
        record_fn, _oversized_record_input(), retry=(RECORD_THROTTLES, RECORD_TRANSIENT), timeout=task_limit
    )
    verdict = Choice(output_of(record))
    park = SendMessage(parking, report, retry=QUEUED, timeout=timedelta(seconds=10))
    park_refusal = SendMessage(parking, _oversized_record_input(), retry=QUEUED, timeout=timedelta(seconds=10))
    completed = Succeed(outcome)
    failed = Fail(error=concat("Booking.", outcome.status), cause=to_json(outcome))

    purchase.assign(result, result_of(purchase_fn)).assign(error, None)
    refund.assign(result, result_of(refund_fn)).assign(error, None)
    record.assign(outcome, result_of(record_fn))
    refuse.assign(outcome, result_of(record_fn))

    for_the_caller = (outcome.status == "succeeded") | (outcome.status == "pending") | (outcome.status == "rejected")

    start = route
    # fmt: off
    flow = (
        route.when(_asks_for("purchase", "capture", "cancel")) >> purchase >> record >> verdict,
        route.when(_asks_for("refund", "decide", "resolve"))   >> refund   >> record,
        route.otherwise.assign(result, None).assign(error, None)                               >> record,
        (purchase | refund).catch(ALL).assign(result, None).assign(error, caught(CaughtError)) >> record,
        record.catch(DATA_LIMIT_EXCEEDED)                >> refuse       >> verdict,
        record.catch(ALL).assign(outcome, _unrecorded_result()) >> park         >> failed,
        refuse.catch(ALL).assign(outcome, _unrecorded_result()) >> park_refusal >> failed,
        (park | park_refusal).catch(ALL) >> failed,
        verdict.when(for_the_caller)     >> completed,
        verdict.otherwise                >> failed,
    )
    # fmt: on
