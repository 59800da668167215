"""Buys: takes the lines from the shelves, charges, and confirms the order or lets it go."""

from typing import Any, Final

from .contracts import FunctionInput
from .domain.answers import Answer
from .domain.order import Order
from .domain.outcomes import answer_of
from .domain.placing import place_order
from .domain.ports import StaleOrder, StockMismatch
from .domain.refusals import refuse_reused_key, refuse_stock_mismatch, refuse_wrong_function
from .domain.requests import Origin, PlaceOrder, Request
from .domain.steps import settle
from .runtime.composition import Dependencies, dependencies
from .runtime.door import origin_of, parse_request
from .runtime.reporting import log_errors, report

REQUIRED_SETTINGS: Final = ("stage", "orders_table", "gateway", "gateway_table", "refund_window", "sdk_timeout")


def handler(event: object, _context: object) -> dict[str, Any]:
    """The Lambda function."""
    return purchase(event, dependencies(*REQUIRED_SETTINGS))


def purchase(event: object, deps: Dependencies) -> dict[str, Any]:
    """A message of the machine to its BookingResult; at most two writes, no read and one call of the gateway.

    Raises:
        Unavailable, PaymentOutcomeUnknown: to be tried again; the same request takes up where this one stopped.
    """
    message = FunctionInput.model_validate(event)
    origin, request = origin_of(message), parse_request(message.request)
    with log_errors(deps, "purchase", origin, request):
        answer, replayed = _answer(request, origin, deps)
    return report(deps, "purchase", origin, answer, replayed=replayed)


def _answer(request: Request | Answer, origin: Origin, deps: Dependencies) -> tuple[Answer, bool]:
    if isinstance(request, PlaceOrder):
        return _create_order(request, origin, deps)
    return request if isinstance(request, Answer) else refuse_wrong_function("purchase"), False


def _create_order(request: PlaceOrder, origin: Origin, deps: Dependencies) -> tuple[Answer, bool]:
    order = place_order(request, origin, deps.policy, deps.new_salt())
    written = deps.orders.create(order)
    if isinstance(written, StockMismatch):
        return refuse_stock_mismatch(request, written.found), False
    if isinstance(written, StaleOrder):
        return _resume_or_replay(written.current, request, origin, deps)
    return _charge(order, request, origin, deps), False


def _resume_or_replay(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> tuple[Answer, bool]:
    """The order is there already: a replay, another request under its key, or one that stopped half way."""
    asked = order.requests[order.order_id]
    if asked.fingerprint != request.fingerprint:
        return refuse_reused_key(request), False
    return (asked.answer, True) if asked.answer else (_charge(order, request, origin, deps), False)


def _charge(order: Order, request: PlaceOrder, origin: Origin, deps: Dependencies) -> Answer:
    reply = deps.gateway.charge(order.order_id, request.amount_minor, request.currency, request.payment_method)
    after = settle(deps.orders, deps.retry, order, order.order_id, reply, origin.at)
    return answer_of(after, order.order_id)
