"""The booking workflow: let the purchase or the refund function decide, record the outcome, end as it went.

Every task has a time limit, tries again what AWS documents as passing, and has a way on when it fails for good. The
limits nest: a call of the SDK < a function < a task < the execution.
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
from .dsl.states.arrows import variable
from .dsl.states.basic_states import Choice, Fail, Succeed
from .dsl.states.service_tasks import SendMessage
from .dsl.states.tasks import Invoke
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
"""Errors after which the same task may succeed, throttles aside: Lambda is unwell, a function or a task ran out of
time, a function's process ended (killed, out of memory), and the errors that our functions raise in order to be retried
(wire names). Retrying is safe: every effect is one conditional write, and every payment has its key."""

THROTTLES: Final = Retry(
    on=(LAMBDA_THROTTLED,),
    interval=timedelta(seconds=1),
    attempts=37,
    backoff=2.0,
    longest=timedelta(seconds=3),
    jitter=False,
)
"""A burst beyond the functions' concurrency is late, not lost (law 45): 108 s of waiting. Nothing has run yet.

Full jitter would halve that, because each wait is drawn from nothing up to its length, and let some executions wait
much less than others. Short equal waits keep every execution for the whole time and serve them in the order in which
they came; the time that their invocations take keeps them apart.
"""

RECORD_THROTTLES: Final = Retry(
    on=(LAMBDA_THROTTLED,),
    interval=timedelta(seconds=1),
    attempts=38,
    backoff=2.0,
    longest=timedelta(seconds=3),
    jitter=False,
)
"""More patience than before the effect, because an outcome exists by now: 111 s of waiting."""

TRANSIENT: Final = Retry(
    on=TRANSIENT_ERRORS,
    interval=timedelta(seconds=1),
    attempts=3,
    backoff=2.0,
    longest=timedelta(seconds=10),
    jitter=True,
)
RECORD_TRANSIENT: Final = Retry(
    on=TRANSIENT_ERRORS,
    interval=timedelta(seconds=2),
    attempts=5,
    backoff=2.0,
    longest=timedelta(seconds=20),
    jitter=True,
)
QUEUED: Final = Retry(
    on=(ALL,), interval=timedelta(seconds=1), attempts=2, backoff=2.0, longest=timedelta(seconds=5), jitter=True
)

_request = input_of(BookingRequest)
_execution = context.Execution


def _asks_for(*actions: str) -> Condition:
    """Return whether the input is a request for one of the actions, bare or in the API's envelope."""
    enveloped = seen_as(_request, ApiRequest).request
    asked = [each.action == action for each in (_request, enveloped) for action in actions]
    return reduce(lambda one, other: one | other, map(condition_of, asked))


def _asked() -> FunctionInput:
    """Return what the functions are told: the caller's JSON as it came, and where it came from."""
    return made(FunctionInput)(execution=_execution.Id, requested_at=_execution.StartTime, request=_request)


def _reported(result: BookingResult | None, error: CaughtError | None) -> RecordInput:
    """Return what is recorded: a result, an error, or neither where the request was refused.

    The request is the execution's input and no variable, for a Choice that assigns too much ends the execution.
    """
    return made(RecordInput)(
        execution=_execution.Id,
        requested_at=_execution.StartTime,
        request=_execution.Input,
        result=result,
        error=error,
    )


def _too_large() -> RecordInput:
    """Return what is recorded of a request that leaves no room for anything beside it, as no valid one does."""
    return made(RecordInput)(
        execution=_execution.Id, requested_at=_execution.StartTime, request=None, request_is_too_large=True
    )


def _unrecorded() -> BookingResult:
    """Return what is known when the outcome could not be recorded."""
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
    report = _reported(result, error)

    route = Choice(request)
    purchase = Invoke(purchase_fn, _asked(), retry=(THROTTLES, TRANSIENT), timeout=task_limit)
    refund = Invoke(refund_fn, _asked(), retry=(THROTTLES, TRANSIENT), timeout=task_limit)
    record = Invoke(record_fn, report, retry=(RECORD_THROTTLES, RECORD_TRANSIENT), timeout=task_limit)
    refuse = Invoke(record_fn, _too_large(), retry=(RECORD_THROTTLES, RECORD_TRANSIENT), timeout=task_limit)
    verdict = Choice(output_of(record))
    park = SendMessage(parking, report, retry=QUEUED, timeout=timedelta(seconds=10))
    park_refusal = SendMessage(parking, _too_large(), retry=QUEUED, timeout=timedelta(seconds=10))
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
        record.catch(ALL).assign(outcome, _unrecorded()) >> park         >> failed,
        refuse.catch(ALL).assign(outcome, _unrecorded()) >> park_refusal >> failed,
        (park | park_refusal).catch(ALL) >> failed,
        verdict.when(for_the_caller)     >> completed,
        verdict.otherwise                >> failed,
    )
    # fmt: on
