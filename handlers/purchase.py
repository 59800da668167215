"""Buys: takes the lines from the shelves, charges, and confirms the order or lets it go."""

from typing import Any, Final

from .contracts import FunctionInput
from .domain.answers import Answer
from .domain.order import Order
from .domain.outcomes import answer_of
from .domain.placing import place_order
from .domain.ports import Overtaken, ShelvesDiffer
from .domain.refusals import key_reused, shelves_differ, wrong_function
from .domain.requests import Origin, PlaceOrder, Request
from .domain.steps import settled
from .runtime.composition import Parts, parts
from .runtime.door import admitted, origin_of
from .runtime.reporting import report, telling

NEEDED: Final = ("stage", "orders_table", "gateway", "gateway_table", "refund_window", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """The Lambda function."""
    return purchase(event, parts(*NEEDED))


def purchase(event: object, parts: Parts) -> dict[str, Any]:
    """A message of the machine to its BookingResult; at most two writes, no read and one call of the gateway.

    Raises:
        Unavailable, PaymentOutcomeUnknown: to be tried again; the same request takes up where this one stopped.
    """
    message = FunctionInput.model_validate(event)
    origin, request = origin_of(message), admitted(message.request)
    with telling(parts, "purchase", origin, request):
        answer, replayed = _answered(request, origin, parts)
    return report(parts, "purchase", origin, answer, replayed=replayed)


def _answered(request: Request | Answer, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    if isinstance(request, PlaceOrder):
        return _placed(request, origin, parts)
    return request if isinstance(request, Answer) else wrong_function("purchase"), False


def _placed(request: PlaceOrder, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    order = place_order(request, origin, parts.policy, parts.fresh_salt())
    written = parts.orders.create(order)
    if isinstance(written, ShelvesDiffer):
        return shelves_differ(request, written.found), False
    if isinstance(written, Overtaken):
        return _met(written.current, request, origin, parts)
    return _charged(order, request, origin, parts), False


def _met(order: Order, request: PlaceOrder, origin: Origin, parts: Parts) -> tuple[Answer, bool]:
    """The order is there already: a replay, another request under its key, or one that stopped half way."""
    asked = order.asked[order.order_id]
    if asked.fingerprint != request.fingerprint:
        return key_reused(request), False
    return (asked.answer, True) if asked.answer else (_charged(order, request, origin, parts), False)


def _charged(order: Order, request: PlaceOrder, origin: Origin, parts: Parts) -> Answer:
    reply = parts.gateway.charge(order.order_id, request.amount_minor, request.currency, request.payment_method)
    after = settled(parts.orders, parts.patience, order, order.order_id, reply, origin.at)
    return answer_of(after, order.order_id)
