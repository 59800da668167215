"""One step of the state machine: parse the message, decide, log, and return the result."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from dataclasses import replace
from typing import Any

from ..contracts.prebuilt import FunctionInput
from ..domain.answers import Answer
from ..domain.canonical import format_instant
from ..domain.errors import BookingError
from ..domain.order import NewerRelease, Order
from ..domain.outcomes import (
    OrderRequest,
    answer_read_only,
    refuse_reused_key,
    refuse_unknown_order,
    refuse_unproven,
    refuse_wrong_function,
)
from ..domain.ports import Change, StaleOrder
from ..domain.requests import Origin, Request
from .dependencies import Dependencies
from .envelope import ForgedProof, unwrap, verify_origin
from .request_parsing import origin_of, parse_request, result_message

Decided = tuple[Answer, bool]
"""An answer, and True if it replays an earlier one."""

Decide = Callable[[Request, Origin, Dependencies], Decided | None]
"""A step's decision on a valid request; None if another step handles the request."""


def run_step(step: str, event: object, deps: Dependencies, decide: Decide) -> dict[str, Any]:
    """Answer a message of the machine with a BookingResult.

    Raises:
        Unavailable, PaymentOutcomeUnknown: to be retried; the same request resumes where this attempt stopped.
    """
    message = FunctionInput.model_validate(event)
    origin, request = origin_of(message), parse_request(unwrap(message.request))
    with _log_errors(deps, step, origin, request):
        decided = None if isinstance(request, Answer) else _decide_if_proven(message, request, origin, deps, decide)
        refused = request if isinstance(request, Answer) else refuse_wrong_function(step)
        answer, replayed = decided or (refused, False)
    return report(deps, step, origin, answer, replayed=replayed)


def _decide_if_proven(
    message: FunctionInput, request: Request, origin: Origin, deps: Dependencies, decide: Decide
) -> Decided | None:
    """Decide on a request from the API or a direct start; refuse one whose proof of its caller is invalid."""
    channel = verify_origin(message.request, request, message.requested_at, deps.proof_key)
    if isinstance(channel, ForgedProof):
        return refuse_unproven(request, channel.reason), False
    try:
        return decide(request, replace(origin, channel=channel), deps)
    except NewerRelease as newer:
        return answer_read_only(newer.order, request)


def begin_or_resume(
    request: OrderRequest,
    deps: Dependencies,
    begin: Callable[[Order, str], Change | Answer],
    send: Callable[[Order], Answer],
) -> Decided:
    """Record the beginning of a request in its order, then send it.

    A request that the order already has is only sent again. `begin` gets the order and the time of the write. `send`
    calls the gateway for whatever is in flight and returns the answer. After a lost race, the next attempt starts from
    the stored order. A request with a known key and a different fingerprint is refused as a reused key.
    """
    order = deps.orders.load(request.order_id)
    if order is None:
        return refuse_unknown_order(request), False
    for _ in deps.retry.attempts(order.order_id):
        if accepted := order.find_request(request.key):
            is_same = accepted.is_repeated_by(request, order.salt)
            return (send(order), accepted.answer is not None) if is_same else (refuse_reused_key(request), False)
        change = begin(order, format_instant(deps.now()))
        if isinstance(change, Answer):
            return change, False
        written = deps.orders.append(change)
        if not isinstance(written, StaleOrder):
            return send(written.after), False
        order = written.current
    raise AssertionError("attempts() ends by raising")


def report(deps: Dependencies, step: str, origin: Origin, answer: Answer, *, replayed: bool) -> dict[str, Any]:
    """Log the end of a step and return its result in the machine's format."""
    deps.log.log_step(
        step,
        execution=origin.execution,
        request=answer.request_id,
        order=answer.order_id,
        refund=answer.refund_id,
        status=answer.status,
        code=answer.code,
        replayed=replayed,
    )
    return result_message(answer, replayed=replayed)


@contextmanager
def _log_errors(
    deps: Dependencies, step: str, origin: Origin, request: Request | Answer
) -> Generator[None, None, None]:
    """Log an attempt that the machine will retry, or that met a bug, with its ids."""
    try:
        yield
    except BookingError as error:
        deps.log.log_step(
            step,
            execution=origin.execution,
            request=request.request_id,
            order=request.order_id,
            error=type(error).__name__,
        )
        raise
