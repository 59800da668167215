"""Decide captures and cancellations: begin one in the ledger, call the gateway, and record its reply."""

from collections.abc import Callable

from ..domain.answers import Answer
from ..domain.ledger import type_of
from ..domain.order import WAITS, Order
from ..domain.outcomes import answer_of
from ..domain.payments import GatewayReply, GatewayStatus, PaymentGateway
from ..domain.ports import Change
from ..domain.requests import CancelOrder, CapturePayment, Origin
from ..domain.rules.captures import capture_amount, request_cancel, request_capture
from ..domain.settlement import settle
from .dependencies import Dependencies
from .run_step import Decided, begin_or_resume


def decide_capture(request: CapturePayment, origin: Origin, deps: Dependencies) -> Decided:
    """Capture an authorised payment."""

    def begin(order: Order, now: str) -> Change | Answer:
        rule = deps.gateway.refuse_amount(capture_amount(order, request), order.currency)
        return request_capture(order, request, origin, now, rule)

    return _decide(request, origin, deps, begin)


def decide_cancel(request: CancelOrder, origin: Origin, deps: Dependencies) -> Decided:
    """Void the payment of an order that is not captured."""
    return _decide(request, origin, deps, lambda order, now: request_cancel(order, request, origin, now))


def _decide(
    request: CapturePayment | CancelOrder,
    origin: Origin,
    deps: Dependencies,
    begin: Callable[[Order, str], Change | Answer],
) -> Decided:
    return begin_or_resume(request, deps, begin, send=lambda order: _send(order, request.key, origin, deps))


def _send(order: Order, key: str, origin: Origin, deps: Dependencies) -> Answer:
    """Send a movement or look it up, unless it has ended, and return the request's answer."""
    movement = order.account.movement
    gateway_answer = _query_gateway(order, key, deps) if movement and movement.key == key else None
    if gateway_answer is None:
        return answer_of(order, key)
    answered_key, reply = gateway_answer
    after = settle(deps.orders, deps.retry, order, answered_key, reply, at=origin.at, clock=deps.now)
    return answer_of(after, key)


def _query_gateway(order: Order, key: str, deps: Dependencies) -> tuple[str, GatewayReply] | None:
    if type_of(key) == "void":
        return void_payment(deps.gateway, order, key)
    instruction = order.instruction(key)
    may_send = order.may_send(key, deps.now())
    reply = deps.gateway.capture(instruction) if may_send else deps.gateway.lookup(instruction)
    return None if reply.status is GatewayStatus.NOTHING else (key, reply)


def void_payment(gateway: PaymentGateway, order: Order, key: str) -> tuple[str, GatewayReply] | None:
    """Ask the gateway to give up a payment, and return its reply and the reply's key.

    A void moves no money, so it may be repeated at any time. If it did not take effect, the payment's own state
    explains why. A payment that the gateway may never have received is fenced.
    """
    if not any(entry.kind in WAITS for entry in order.ledger):
        return _give_up_unknown(gateway, order)
    reply = gateway.void(order.instruction(key))
    if reply.status is GatewayStatus.SETTLED:
        return key, reply
    payment = order.instruction(order.order_id)
    return order.order_id, reply if reply.status is GatewayStatus.PENDING else gateway.lookup(payment)


def _give_up_unknown(gateway: PaymentGateway, order: Order) -> tuple[str, GatewayReply] | None:
    payment = order.instruction(order.order_id)
    reply = gateway.fence(payment) if payment.operation in gateway.fences else gateway.lookup(payment)
    return None if reply.status is GatewayStatus.NOTHING else (order.order_id, reply)
