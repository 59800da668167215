"""Whether a refund may be made, and what it reserves."""

from typing import Final

from .account import Share
from .allocation import Remaining, by_amount, by_units, everything, remaining_lines
from .answers import Answer, Code
from .canonical import salted
from .ledger import Kind
from .money import format_amount
from .order import AcceptedRequest, Order
from .ports import Change
from .refusals import refuse_refund
from .requests import IssueRefund, Origin
from .times import parse_instant

MAX_ENTRIES: Final = 150
"""From so many ledger entries on no refund is begun: those begun still end, and the item stays below 400 KB."""


def reserve_refund(order: Order, request: IssueRefund, origin: Origin) -> Change | Answer:
    """The order with the refund reserved, or why not.

    Judged by the order as it is and by the time at which the execution started, whichever attempt decides.
    """
    lines = remaining_lines(order)
    refusal = _refusal(order, request, origin, lines)
    return refusal or Change(before=order, after=_append_request(order, request, origin, _shares(request, lines)))


def _refusal(order: Order, request: IssueRefund, origin: Origin, lines: tuple[Remaining, ...]) -> Answer | None:
    checks = (
        _check_window(order, origin),
        _check_balance(order, request),
        _check_lines(request, lines),
        _check_room(order),
    )
    found = next((each for each in checks if each), None)
    return refuse_refund(request, *found, order) if found else None


Fault = tuple[Code, str] | None


def _check_window(order: Order, origin: Origin) -> Fault:
    if parse_instant(origin.requested_at) <= parse_instant(order.refundable_until):
        return None
    return (
        Code.REFUND_WINDOW_CLOSED,
        f"A refund was asked for at {origin.at}; this order could be refunded until {order.refundable_until}.",
    )


def _check_balance(order: Order, request: IssueRefund) -> Fault:
    refundable = order.account.refundable_minor
    asked = request.amount_minor
    if asked is not None and asked > refundable:
        wish, limit = format_amount(asked, order.currency), format_amount(refundable, order.currency)
        return Code.REFUND_EXCEEDS_BALANCE, f"A refund of {wish} was asked for; at most {limit} can be refunded."
    if refundable == 0:
        return Code.NOTHING_TO_REFUND, f"A refund was asked for; {_why_nothing(order)}."
    return None


def _why_nothing(order: Order) -> str:
    account = order.account
    if account.captured_minor == 0:
        return f"the order is {order.status}, so nothing has been paid that could be given back"
    amounts = (account.captured_minor, account.refunded_minor, account.reserved_minor)
    paid, refunded, reserved = (format_amount(minor, order.currency) for minor in amounts)
    return f"of {paid} paid, {refunded} is refunded and {reserved} is reserved for refunds under way, so none is left"


def _check_lines(request: IssueRefund, lines: tuple[Remaining, ...]) -> Fault:
    left = {line.sku: line for line in lines}
    for each in request.units or ():
        if each.sku not in left:
            return Code.LINE_NOT_IN_ORDER, f"{each.sku} was asked for; the order has {', '.join(left)}."
        if each.quantity > left[each.sku].quantity:
            limit = left[each.sku].quantity
            return (
                Code.REFUND_EXCEEDS_LINE,
                f"{each.quantity} of {each.sku} were asked for; at most {limit} can be given back.",
            )
    if request.units and not sum(share.amount_minor for share in _shares(request, lines)):
        return Code.NOTHING_TO_REFUND, "Units were asked for whose price has been refunded by amount; none is left."
    return None


def _check_room(order: Order) -> Fault:
    if order.version < MAX_ENTRIES:
        return None
    message = f"One more refund was asked for; the order's ledger has {order.version} entries of {MAX_ENTRIES} allowed."
    return Code.LEDGER_FULL, message


def _shares(request: IssueRefund, lines: tuple[Remaining, ...]) -> tuple[Share, ...]:
    if request.amount_minor is not None:
        return by_amount(lines, request.amount_minor)
    if request.units is not None:
        return by_units(lines, {each.sku: each.quantity for each in request.units})
    return everything(lines)


def _append_request(order: Order, request: IssueRefund, origin: Origin, shares: tuple[Share, ...]) -> Order:
    asked = AcceptedRequest(
        request_id=request.request_id,
        subject=request.refund_id,
        fingerprint=request.fingerprint,
        text=request.reason,
    )
    return order.with_request(asked).append(
        Kind.REFUND_REQUESTED,
        at=origin.at,
        subject=request.refund_id,
        amount_minor=sum(share.amount_minor for share in shares),
        facts={
            "request_id": request.request_id,
            "execution": origin.execution,
            "requested_by": request.requested_by,
            "reason_sha256": salted(order.salt, request.reason),
            "shares": [[share.line, share.quantity, share.amount_minor] for share in shares],
        },
    )
