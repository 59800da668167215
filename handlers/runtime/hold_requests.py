"""Decide captures and cancellations: begin one in the ledger, ask the gateway, and record what it says."""

from collections.abc import Callable

from ..domain.answers import Answer
from ..domain.canonical import format_instant
from ..domain.captures import capture_amount, request_cancel, request_capture
from ..domain.ledger import type_of
from ..domain.order import WAITS, Order
from ..domain.outcomes import answer_of, refuse_reused_key, refuse_unknown_order
from ..domain.payments import GatewayReply, GatewayStatus, PaymentGateway
from ..domain.ports import Change, StaleOrder
from ..domain.requests import CancelOrder, CapturePayment, Origin
from ..domain.settlement import settle
from .dependencies import Dependencies
from .run_step import Decided


def decide_capture(request: CapturePayment, origin: Origin, deps: Dependencies) -> Decided:
    """Capture what a purchase authorised."""

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
    """Begin a movement and send it. A lost race returns the order from which the next attempt is computed."""
    order = deps.orders.load(request.order_id)
    if order is None:
        return refuse_unknown_order(request), False
    for _ in deps.retry.attempts(order.order_id):
        if order.find_request(request.key):
            return _resume_or_replay(order, request, origin, deps)
        change = begin(order, format_instant(deps.now()))
        if isinstance(change, Answer):
            return change, False
        written = deps.orders.append(change)
        if not isinstance(written, StaleOrder):
            return _send(change.after, request.key, origin, deps), False
        order = written.current
    raise AssertionError("attempts() ends by raising")


def _resume_or_replay(
    order: Order, request: CapturePayment | CancelOrder, origin: Origin, deps: Dependencies
) -> Decided:
    """Handle a request that the ledger knows: a reused key, an answer to replay, or one to send or look up again."""
    accepted = order.requests[order.subject(request.key)]
    if accepted.fingerprint != request.fingerprint:
        return refuse_reused_key(request), False
    return (accepted.answer, True) if accepted.answer else (_send(order, request.key, origin, deps), False)


def _send(order: Order, key: str, origin: Origin, deps: Dependencies) -> Answer:
    heard = _ask(order, key, deps)
    if heard is None:
        return answer_of(order, key)
    about, reply = heard
    after = settle(deps.orders, deps.retry, order, about, reply, at=origin.at, clock=deps.now)
    return answer_of(after, key)


def _ask(order: Order, key: str, deps: Dependencies) -> tuple[str, GatewayReply] | None:
    if type_of(key) == "void":
        return void_payment(deps.gateway, order, key)
    instruction = order.instruction(key)
    may_send = order.may_send(key, deps.now())
    reply = deps.gateway.capture(instruction) if may_send else deps.gateway.lookup(instruction)
    return None if reply.status is GatewayStatus.NOTHING else (key, reply)


def void_payment(gateway: PaymentGateway, order: Order, key: str) -> tuple[str, GatewayReply] | None:
    """Ask the gateway to give up a payment; return what it says, and of which key.

    A void moves no money, so it may be repeated at any time. If it did not take effect, the payment's own state says
    why; a payment that the gateway may never have received is fenced.
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
