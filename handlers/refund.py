"""Gives money back: reserves the refund, asks the gateway, and settles the reservation or lets it go."""

from typing import Any, Final

from .contracts import FunctionInput
from .domain.answers import Answer
from .domain.order import Order
from .domain.outcomes import answer_of
from .domain.ports import Overtaken
from .domain.refunding import reserve_refund
from .domain.refusals import key_reused, order_not_found, wrong_function
from .domain.requests import IssueRefund, Origin, Request
from .domain.steps import settled
from .runtime.composition import Parts, parts
from .runtime.door import admitted, origin_of
from .runtime.reporting import report, telling

NEEDED: Final = ("stage", "orders_table", "gateway", "gateway_table", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """The Lambda function."""
    return refund(event, parts(*NEEDED))


def refund(event: object, parts: Parts) -> dict[str, Any]:
    """A message of the machine to its BookingResult; at most two writes, one read and one call of the gateway.

    Raises:
        Unavailable, PaymentOutcomeUnknown: to be tried again; the same request takes up where this one stopped.
    """
    message = FunctionInput.model_validate(event)
    origin, request = origin_of(message), admitted(message.request)
    with telling(parts, "refund", origin, request):
        answer, replayed = _answered(request, origin, parts)
    return report(parts, "refund", origin, answer, replayed=replayed)


def _answered(request: Request | Answer, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    if not isinstance(request, IssueRefund):
        return request if isinstance(request, Answer) else wrong_function("refund"), False
    order = parts.orders.load(request.order_id)
    return _issued(order, request, origin, parts) if order else (order_not_found(request), False)


def _issued(order: Order, request: IssueRefund, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    """Reserve, from whatever the order is by then; a lost race hands it over."""
    for _ in parts.patience.attempts(order.order_id):
        if request.refund_id in order.asked:
            return _met(order, request, origin, parts)
        change = reserve_refund(order, request, origin)
        if isinstance(change, Answer):
            return change, False
        written = parts.orders.append(change)
        if not isinstance(written, Overtaken):
            return _paid_back(change.after, request, origin, parts), False
        order = written.current
    raise AssertionError("attempts() ends by raising")


def _met(order: Order, request: IssueRefund, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    """The refund is there already: a replay, another request under its key, or one that stopped half way."""
    asked = order.asked[request.refund_id]
    if asked.fingerprint != request.fingerprint:
        return key_reused(request), False
    return (asked.answer, True) if asked.answer else (_paid_back(order, request, origin, parts), False)


def _paid_back(order: Order, request: IssueRefund, origin: Origin, parts: Parts) -> Answer:
    key = request.refund_id
    amount_minor = order.account.refunds[key].amount_minor
    reply = parts.gateway.refund(key, order.order_id, amount_minor, order.currency)
    after = settled(parts.orders, parts.patience, order, key, reply, origin.at)
    return answer_of(after, key)
