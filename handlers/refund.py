"""The refund function: reserve or hold a refund, take another person's decision, send the refund and settle it."""

from typing import Any, Final

from .domain.answers import Answer
from .domain.approvals import decide
from .domain.canonical import format_instant
from .domain.ledger import key_of
from .domain.order import Order
from .domain.outcomes import answer_of, refuse_reused_key, refuse_unknown_order
from .domain.payments import GatewayReply
from .domain.ports import Change, StaleOrder
from .domain.refunds import reserve_refund
from .domain.requests import IssueRefund, MakeDecision, Origin, Request
from .domain.settlement import settle
from .runtime.dependencies import Dependencies, dependencies
from .runtime.run_step import Decided, run_step

REQUIRED_SETTINGS: Final = (
    "stage",
    "orders_table",
    "gateway",
    "sdk_timeout",
    "approval_limits",
    "approval_wait",
    "approvals_need_api",
)


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return refund(event, dependencies(*REQUIRED_SETTINGS))


def refund(event: object, deps: Dependencies) -> dict[str, Any]:
    """Answer a message of the machine with at most two writes, one read and one gateway call (see `run_step`)."""
    return run_step("refund", event, deps, _decide)


def _decide(request: Request, origin: Origin, deps: Dependencies) -> Decided | None:
    if not isinstance(request, IssueRefund | MakeDecision):
        return None
    order = deps.orders.load(request.order_id)
    return _append(order, request, origin, deps) if order else (refuse_unknown_order(request), False)


def _append(order: Order, request: IssueRefund | MakeDecision, origin: Origin, deps: Dependencies) -> Decided:
    """Write what a request changes and send what may be sent.

    A lost race returns the order from which the next attempt is computed.
    """
    for _ in deps.retry.attempts(order.order_id):
        if order.find_request(request.key):
            return _resume_or_replay(order, request, origin, deps)
        change = _change(order, request, origin, deps)
        if isinstance(change, Answer):
            return change, False
        written = deps.orders.append(change)
        if not isinstance(written, StaleOrder):
            return _send(change.after, request, origin, deps), False
        order = written.current
    raise AssertionError("attempts() ends by raising")


def _change(order: Order, request: IssueRefund | MakeDecision, origin: Origin, deps: Dependencies) -> Change | Answer:
    now = format_instant(deps.now())
    if isinstance(request, MakeDecision):
        return decide(order, request, origin, now, deps.approvals)
    return reserve_refund(order, request, origin, now, deps.approvals)


def _resume_or_replay(order: Order, request: IssueRefund | MakeDecision, origin: Origin, deps: Dependencies) -> Decided:
    """Handle a request that the order already has.

    A different fingerprint is a reused key, a stored answer is replayed, and an interrupted refund is resumed, also by
    the decision that approved it.
    """
    accepted = order.requests[order.subject(request.key)]
    if accepted.fingerprint != request.fingerprint:
        return refuse_reused_key(request), False
    return _send(order, request, origin, deps), accepted.answer is not None


def _send(order: Order, request: IssueRefund | MakeDecision, origin: Origin, deps: Dependencies) -> Answer:
    """Send the refund of a request if nothing holds it and it has no outcome; return the request's answer."""
    refund_id = key_of(request.subject) if isinstance(request, MakeDecision) else request.refund_id
    if refund_id in order.account.in_flight:
        order = _resume(order, refund_id, origin, deps)
    return answer_of(order, request.key)


def _resume(order: Order, refund_id: str, origin: Origin, deps: Dependencies) -> Order:
    if order.may_send(refund_id, deps.now()):
        return _refund(order, refund_id, origin, deps)
    return _settle(order, refund_id, deps.gateway.lookup(order.instruction(refund_id)), origin, deps)


def _refund(order: Order, refund_id: str, origin: Origin, deps: Dependencies) -> Order:
    reply = deps.gateway.refund(order.instruction(refund_id))
    return _settle(order, refund_id, reply, origin, deps)


def _settle(order: Order, refund_id: str, reply: GatewayReply, origin: Origin, deps: Dependencies) -> Order:
    return settle(deps.orders, deps.retry, order, refund_id, reply, at=origin.at, clock=deps.now)
