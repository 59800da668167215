"""The refund function: reserve or hold a refund, accept proposals and decisions, send the refund and settle it."""

from typing import Any, Final

from .domain.answers import Answer
from .domain.ledger import key_of
from .domain.order import Order
from .domain.outcomes import answer_of
from .domain.payments import GatewayReply
from .domain.ports import Change
from .domain.requests import IssueRefund, MakeDecision, Origin, Request, ResolveCase
from .domain.rules.cases import decide, propose_resolution
from .domain.rules.refunds import reserve_refund
from .domain.settlement import settle
from .runtime.dependencies import Dependencies, dependencies
from .runtime.run_step import Decided, begin_or_resume, run_step

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
    if not isinstance(request, IssueRefund | MakeDecision | ResolveCase):
        return None
    return begin_or_resume(
        request,
        deps,
        begin=lambda order, now: _begin(order, request, origin, now, deps),
        send=lambda order: _send(order, request, origin, deps),
    )


def _begin(
    order: Order, request: IssueRefund | MakeDecision | ResolveCase, origin: Origin, now: str, deps: Dependencies
) -> Change | Answer:
    if isinstance(request, MakeDecision):
        return decide(order, request, origin, now, deps.approvals)
    if isinstance(request, ResolveCase):
        return propose_resolution(order, request, origin, now, deps.approvals)
    return reserve_refund(order, request, origin, now, deps.approvals)


def _send(
    order: Order, request: IssueRefund | MakeDecision | ResolveCase, origin: Origin, deps: Dependencies
) -> Answer:
    """Send the refund of a request unless it is held or has an outcome, and return the request's answer.

    A decision that approved an interrupted refund resumes it.
    """
    refund_id = request.refund_id if isinstance(request, IssueRefund) else key_of(request.subject)
    if refund_id in order.account.in_flight and not isinstance(request, ResolveCase):
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
