"""Captures and voids of a payment: the checks before one begins. A hold ends once, so only one is open at a time."""

from collections.abc import Mapping
from typing import Final

from ..answers import Answer, Code
from ..canonical import Json, parse_instant
from ..ledger import Kind, subject_of
from ..lifecycles import OrderStatus, Share
from ..money import format_amount
from ..order import Order
from ..outcomes import refuse_request
from ..ports import Change
from ..requests import CancelOrder, CapturePayment, Origin, void_id_of
from .refunds import Fault, Remaining, allocate_amount, allocate_everything

_ENDED_PAYMENTS: Final = {
    OrderStatus.DECLINED: (Code.PAYMENT_DECLINED, "The payment of this order was declined, so nothing is held."),
    OrderStatus.CANCELLED: (Code.PAYMENT_CANCELLED, "The payment of this order was given up, so nothing is held."),
}


def request_capture(order: Order, request: CapturePayment, origin: Origin, now: str, rule: str) -> Change | Answer:
    """Begin a capture, or refuse it. `rule` is the gateway's reason not to accept the amount, or an empty string."""
    checks = (_check_open(order), _check_authorized(order), _check_due(order, origin), _check_amount(order, request))
    fault = next((each for each in checks if each), None)
    if fault is None and rule:
        fault = Code.AMOUNT_NOT_SUPPORTED, f"The gateway cannot capture this amount. {rule}"
    if fault:
        return refuse_request(request, *fault, order)
    shares = _allocate(order, request)
    facts: dict[str, Json] = {
        "requested_by": request.requested_by,
        "shares": [share.as_json() for share in shares],
    }
    amount_minor = sum(share.amount_minor for share in shares)
    return _begin(order, request, origin, now, Kind.PAYMENT_CAPTURE_REQUESTED, amount_minor, facts)


def capture_amount(order: Order, request: CapturePayment) -> int:
    """Return the amount that a capture asks for."""
    return sum(share.amount_minor for share in _allocate(order, request))


def request_cancel(order: Order, request: CancelOrder, origin: Origin, now: str) -> Change | Answer:
    """Begin to void the payment of an order, or refuse it."""
    fault = _check_open(order)
    if fault:
        return refuse_request(request, *fault, order)
    facts = {"requested_by": request.requested_by, "reason": "cancelled", "cause": "people"}
    return _begin(order, request, origin, now, Kind.PAYMENT_VOID_REQUESTED, order.account.requested_minor, facts)


def expire_payment(order: Order, now: str) -> Change:
    """Begin to void a payment whose deadline has passed. No request asked for it, so it answers only the purchase."""
    key = void_id_of(order.order_id, "expire", str(order.version))
    after = order.append(
        Kind.PAYMENT_VOID_REQUESTED,
        at=None,
        now=now,
        subject=subject_of(key),
        amount_minor=order.account.requested_minor,
        facts={"reason": "expired", "cause": "reconcile"},
    )
    return Change(before=order, after=after)


def _begin(
    order: Order,
    request: CapturePayment | CancelOrder,
    origin: Origin,
    now: str,
    kind: Kind,
    amount_minor: int,
    facts: Mapping[str, Json],
) -> Change:
    subject = subject_of(request.key)
    after = order.accept(request).append(
        kind,
        at=origin.at,
        now=now,
        subject=subject,
        amount_minor=amount_minor,
        facts={
            "request_id": request.request_id,
            "execution": origin.execution,
            "origin": origin.channel,
            **facts,
        },
    )
    return Change(before=order, after=after)


def _check_open(order: Order) -> Fault:
    """Reject a request that arrives during another movement, or after the payment has ended."""
    movement = order.account.movement
    if movement:
        code = Code.CANCEL_UNDER_WAY if movement.is_void else Code.CAPTURE_UNDER_WAY
        return code, "Another request for this order's payment has no outcome yet. Repeat the same request later."
    if order.account.captured_minor:
        return Code.ALREADY_CAPTURED, "The payment of this order has already been captured. Refund it instead."
    return _ENDED_PAYMENTS.get(order.status)


def _check_authorized(order: Order) -> Fault:
    if order.status is OrderStatus.AUTHORIZED:
        return None
    return Code.NOT_AUTHORIZED, "The payment of this order has not been authorised yet. Repeat the same request later."


def _check_due(order: Order, origin: Origin) -> Fault:
    """Reject a capture whose execution started after the hold ended."""
    until = order.wait.text("until") if order.wait else None
    if until is None or parse_instant(origin.requested_at) <= parse_instant(until):
        return None
    return (
        Code.PAYMENT_EXPIRED,
        f"This payment could be captured until {until}, but the capture was requested at {origin.at}.",
    )


def _check_amount(order: Order, request: CapturePayment) -> Fault:
    held = order.account.held_minor
    if request.amount_minor is not None and request.amount_minor > held:
        amount, limit = (format_amount(minor, order.currency) for minor in (request.amount_minor, held))
        return Code.CAPTURE_EXCEEDS_AUTHORIZATION, f"At most {limit} can be captured, but {amount} was requested."
    bought = {line.sku: line.quantity for line in order.lines}
    for each in request.units or ():
        if each.sku not in bought:
            return Code.LINE_NOT_IN_ORDER, f"SKU {each.sku} is not in this order, which has {', '.join(bought)}."
        if each.quantity > bought[each.sku]:
            return (
                Code.CAPTURE_EXCEEDS_LINE,
                f"SKU {each.sku} has {bought[each.sku]} to capture, fewer than the {each.quantity} requested.",
            )
    return None


def _allocate(order: Order, request: CapturePayment) -> tuple[Share, ...]:
    """Allocate a capture to lines."""
    lines = _all_lines(order)
    if request.units is not None:
        units = {each.sku: each.quantity for each in request.units}
        wanted = [(line, units[line.sku]) for line in lines if line.sku in units]
        return tuple(
            Share(line=line.line, quantity=quantity, amount_minor=line.amount_minor // line.quantity * quantity)
            for line, quantity in wanted
        )
    return allocate_everything(lines) if request.amount_minor is None else allocate_capture(order, request.amount_minor)


def allocate_capture(order: Order, amount_minor: int) -> tuple[Share, ...]:
    """Allocate a captured amount to lines: all units are captured, and the money is shared as in a refund."""
    lines = _all_lines(order)
    money = {share.line: share.amount_minor for share in allocate_amount(lines, amount_minor)}
    return tuple(Share(line=line.line, quantity=line.quantity, amount_minor=money.get(line.line, 0)) for line in lines)


def _all_lines(order: Order) -> tuple[Remaining, ...]:
    return tuple(
        Remaining(line=number, sku=line.sku, quantity=line.quantity, amount_minor=line.amount_minor)
        for number, line in enumerate(order.lines)
    )
