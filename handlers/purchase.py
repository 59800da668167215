"""The purchase function: reserve stock, charge or authorise, then confirm or release; capture and cancel."""

from typing import Any, Final

from .domain.answers import Answer, Code
from .domain.canonical import format_instant
from .domain.order import Order, place_order
from .domain.outcomes import answer_of, refuse_invalid, refuse_purchase, refuse_reused_key, refuse_stock_mismatch
from .domain.payments import GatewayReply, PaymentMethod, refuse_return_url
from .domain.ports import StaleOrder
from .domain.requests import CancelOrder, CapturePayment, Origin, PlaceOrder, Request
from .domain.settlement import settle
from .domain.stock import StockMismatch
from .runtime.dependencies import Dependencies, dependencies
from .runtime.hold_requests import decide_cancel, decide_capture
from .runtime.run_step import Decided, run_step

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "gateway", "refund_window", "payment_action_window", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return purchase(event, dependencies(*REQUIRED_SETTINGS))


def purchase(event: object, deps: Dependencies) -> dict[str, Any]:
    """Answer a message of the machine with at most two writes, no read and one gateway call (see `run_step`)."""
    return run_step("purchase", event, deps, _decide)


def _decide(request: Request, origin: Origin, deps: Dependencies) -> Decided | None:
    match request:
        case PlaceOrder():
            return _create_order(request, origin, deps)
        case CapturePayment():
            return decide_capture(request, origin, deps)
        case CancelOrder():
            return decide_cancel(request, origin, deps)
        case _:
            return None


def _create_order(request: PlaceOrder, origin: Origin, deps: Dependencies) -> Decided:
    if rule := deps.gateway.refuse_amount(request.amount_minor, request.currency):
        return refuse_purchase(request, Code.AMOUNT_NOT_SUPPORTED, rule), False
    if rule := refuse_return_url(request.return_url, deps.settings.return_hosts):
        return _refuse_unless_known(request, origin, rule, deps)
    order = place_order(request, origin, deps.policy, deps.new_salt(), format_instant(deps.now()))
    written = deps.orders.create(order)
    if isinstance(written, StockMismatch):
        return refuse_stock_mismatch(request, written.found), False
    if isinstance(written, StaleOrder):
        return _resume_or_replay(written.current, request, origin, deps)
    return _pay(order, request, origin, deps), False


def _refuse_unless_known(request: PlaceOrder, origin: Origin, rule: str, deps: Dependencies) -> Decided:
    """Refuse a purchase that this deployment does not allow, unless an earlier deployment has already accepted it."""
    order = deps.orders.load(request.order_id)
    return (
        _resume_or_replay(order, request, origin, deps)
        if order
        else (refuse_invalid(rule, "purchase", request.request_id), False)
    )


def _resume_or_replay(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Decided:
    """Handle a request whose order already exists.

    A different fingerprint is a reused key, a stored answer is replayed, and an interrupted charge is resumed.
    """
    accepted = order.requests[order.order_id]
    if not order.is_repeat(request):
        return refuse_reused_key(request), False
    return (answer_of(order, request.key), True) if accepted.answer else (_resume(order, request, origin, deps), False)


def _resume(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Answer:
    """Resume an interrupted payment. If the gateway knows it, or it is too old to send, it is only looked up."""
    if order.wait is None and order.account.movement is None and order.may_send(order.order_id, deps.now()):
        return _pay(order, request, origin, deps)
    reply = deps.gateway.lookup(order.instruction(order.order_id))
    return _settle(order, reply, origin, deps)


def _pay(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Answer:
    method = PaymentMethod(
        token=request.payment_method, return_url=request.return_url, gateway_customer=request.gateway_customer
    )
    pay = deps.gateway.authorize if order.captures_later else deps.gateway.charge
    return _settle(order, pay(order.instruction(order.order_id), method), origin, deps)


def _settle(order: Order, reply: GatewayReply, origin: Origin, deps: Dependencies) -> Answer:
    after = settle(deps.orders, deps.retry, order, order.order_id, reply, at=origin.at, clock=deps.now)
    return answer_of(after, order.order_id)
