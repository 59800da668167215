"""The refund function: reserve the refund, call the gateway, and settle or release the reservation."""

from typing import Any, Final

from .domain.answers import Answer
from .domain.canonical import format_instant
from .domain.order import Order
from .domain.outcomes import answer_of, refuse_reused_key, refuse_unknown_order
from .domain.payments import GatewayReply
from .domain.ports import StaleOrder
from .domain.refunds import reserve_refund
from .domain.requests import IssueRefund, Origin, Request
from .domain.settlement import settle
from .runtime.dependencies import Dependencies, dependencies
from .runtime.run_step import Decided, run_step

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "gateway", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return refund(event, dependencies(*REQUIRED_SETTINGS))


def refund(event: object, deps: Dependencies) -> dict[str, Any]:
    """Answer a message of the machine with at most two writes, one read and one gateway call (see `run_step`)."""
    return run_step("refund", event, deps, _decide)


def _decide(request: Request, origin: Origin, deps: Dependencies) -> Decided | None:
    return _issue_refund(request, origin, deps) if isinstance(request, IssueRefund) else None


def _issue_refund(request: IssueRefund, origin: Origin, deps: Dependencies) -> Decided:
    order = deps.orders.load(request.order_id)
    return _reserve_refund(order, request, origin, deps) if order else (refuse_unknown_order(request), False)


def _reserve_refund(order: Order, request: IssueRefund, origin: Origin, deps: Dependencies) -> Decided:
    """Reserve the refund and send it. A lost race returns the order from which the next attempt is computed."""
    for _ in deps.retry.attempts(order.order_id):
        if order.find_request(request.refund_id):
            return _resume_or_replay(order, request, origin, deps)
        change = reserve_refund(order, request, origin, format_instant(deps.now()))
        if isinstance(change, Answer):
            return change, False
        written = deps.orders.append(change)
        if not isinstance(written, StaleOrder):
            return _refund(change.after, request.refund_id, origin, deps), False
        order = written.current
    raise AssertionError("attempts() ends by raising")


def _resume_or_replay(order: Order, request: IssueRefund, origin: Origin, deps: Dependencies) -> Decided:
    """Handle a request whose refund already exists.

    A different fingerprint is a reused key, a stored answer is replayed, and an interrupted refund is resumed.
    """
    accepted = order.requests[order.subject(request.refund_id)]
    if accepted.fingerprint != request.fingerprint:
        return refuse_reused_key(request), False
    return (accepted.answer, True) if accepted.answer else (_resume(order, request.refund_id, origin, deps), False)


def _resume(order: Order, refund_id: str, origin: Origin, deps: Dependencies) -> Answer:
    if order.may_send(refund_id, deps.now()):
        return _refund(order, refund_id, origin, deps)
    return _settle(order, refund_id, deps.gateway.lookup(order.instruction(refund_id)), origin, deps)


def _refund(order: Order, refund_id: str, origin: Origin, deps: Dependencies) -> Answer:
    reply = deps.gateway.refund(order.instruction(refund_id))
    return _settle(order, refund_id, reply, origin, deps)


def _settle(order: Order, refund_id: str, reply: GatewayReply, origin: Origin, deps: Dependencies) -> Answer:
    after = settle(deps.orders, deps.retry, order, refund_id, reply, at=origin.at, clock=deps.now)
    return answer_of(after, refund_id)
