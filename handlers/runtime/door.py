"""The door: any JSON becomes a request of the domain, or a refusal whose sentence names the field."""

from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError

from ..contracts import BookingRequest, BookingResult, FunctionInput, PurchaseRequest, RefundRequest
from ..domain.answers import Answer
from ..domain.money import DECIMALS
from ..domain.order import Line
from ..domain.refusals import refuse_invalid
from ..domain.requests import IssueRefund, Origin, PlaceOrder, Request, Units
from .faults import sentence

_REQUEST: Final[TypeAdapter[PurchaseRequest | RefundRequest]] = TypeAdapter(BookingRequest)


def parse_request(value: object) -> Request | Answer:
    """The request that a JSON value is, or why it is none; never an exception."""
    try:
        request = _REQUEST.validate_python(value)
    except ValidationError as error:
        return _refuse(sentence(error), value)
    if isinstance(request, RefundRequest):
        return _issue_refund(request)
    if request.currency not in DECIMALS:
        return _refuse("currency: not the ISO 4217 code of a currency in circulation, such as EUR.", value)
    return _place_order(request)


def origin_of(message: FunctionInput) -> Origin:
    """Where a message comes from."""
    return Origin(execution=message.execution, requested_at=message.requested_at)


def result_message(answer: Answer, *, replayed: bool) -> dict[str, Any]:
    """The BookingResult as JSON."""
    return BookingResult.model_validate({**answer.as_json(), "replayed": replayed}).model_dump()


def _place_order(request: PurchaseRequest) -> PlaceOrder:
    return PlaceOrder(
        request_id=request.request_id,
        customer_id=request.customer_id,
        currency=request.currency,
        lines=tuple(
            Line(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor) for line in request.lines
        ),
        payment_method=request.payment_method,
    )


def _issue_refund(request: RefundRequest) -> IssueRefund:
    lines = request.lines
    return IssueRefund(
        request_id=request.request_id,
        order_id=request.order_id,
        requested_by=request.requested_by,
        reason=request.reason,
        amount_minor=request.amount_minor,
        units=None if lines is None else tuple(Units(sku=line.sku, quantity=line.quantity) for line in lines),
    )


def _refuse(message: str, value: object) -> Answer:
    """Names the action and the request id, where they are of the contract's form."""
    asked = cast("dict[object, object]", value) if isinstance(value, dict) else {}
    action, request_id = asked.get("action"), asked.get("request_id")
    return refuse_invalid(
        message,
        action="purchase" if action == "purchase" else "refund" if action == "refund" else None,
        request_id=request_id if isinstance(request_id, str) and _is_identifier(request_id) else None,
    )


def _is_identifier(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isascii() and text.translate(_PUNCTUATION).isalnum()


_PUNCTUATION: Final = str.maketrans(dict.fromkeys("_.:-", "x"))
