"""The purchase function: take the lines from stock, charge, and confirm or release the order."""

from typing import Any, Final

from .domain.answers import Answer
from .domain.canonical import format_instant
from .domain.order import Order, place_order
from .domain.outcomes import answer_of, refuse_reused_key, refuse_stock_mismatch
from .domain.payments import GatewayReply, PaymentMethod
from .domain.ports import StaleOrder
from .domain.requests import Origin, PlaceOrder, Request
from .domain.settlement import settle
from .domain.stock import StockMismatch
from .runtime.dependencies import Dependencies, dependencies
from .runtime.run_step import Decided, run_step

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "gateway", "refund_window", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return purchase(event, dependencies(*REQUIRED_SETTINGS))


def purchase(event: object, deps: Dependencies) -> dict[str, Any]:
    """Answer a message of the machine with at most two writes, no read and one gateway call (see `run_step`)."""
    return run_step("purchase", event, deps, _decide)


def _decide(request: Request, origin: Origin, deps: Dependencies) -> Decided | None:
    return _create_order(request, origin, deps) if isinstance(request, PlaceOrder) else None


def _create_order(request: PlaceOrder, origin: Origin, deps: Dependencies) -> Decided:
    order = place_order(request, origin, deps.policy, deps.new_salt(), format_instant(deps.now()))
    written = deps.orders.create(order)
    if isinstance(written, StockMismatch):
        return refuse_stock_mismatch(request, written.found), False
    if isinstance(written, StaleOrder):
        return _resume_or_replay(written.current, request, origin, deps)
    return _charge(order, request, origin, deps), False


def _resume_or_replay(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Decided:
    """Handle a request whose order already exists.

    A different fingerprint is a reused key, a stored answer is replayed, and an interrupted charge is resumed.
    """
    accepted = order.requests[order.order_id]
    if accepted.fingerprint != request.fingerprint:
        return refuse_reused_key(request), False
    return (accepted.answer, True) if accepted.answer else (_resume(order, request, origin, deps), False)


def _resume(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Answer:
    if order.may_send(order.order_id, deps.now()):
        return _charge(order, request, origin, deps)
    return _settle(order, deps.gateway.lookup(order.instruction(order.order_id)), origin, deps)


def _charge(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Answer:
    method = PaymentMethod(token=request.payment_method)
    reply = deps.gateway.charge(order.instruction(order.order_id), method)
    return _settle(order, reply, origin, deps)


def _settle(order: Order, reply: GatewayReply, origin: Origin, deps: Dependencies) -> Answer:
    after = settle(deps.orders, deps.retry, order, order.order_id, reply, at=origin.at, clock=deps.now)
    return answer_of(after, order.order_id)
