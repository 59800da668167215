"""Parse JSON into a request of the domain, or into a refusal whose message names the field.

A string that was sent is never repeated, for it may be a card number in the wrong field; a number is.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final, cast

from pydantic import TypeAdapter, ValidationError
from pydantic_core import ErrorDetails

from ..contracts.messages import (
    MAX_LINES,
    MAX_MINOR,
    MAX_QUANTITY,
    MAX_REASON_LENGTH,
    BookingRequest,
    BookingResult,
    FunctionInput,
    PurchaseRequest,
    RefundRequest,
)
from ..domain.answers import Answer
from ..domain.money import DECIMALS
from ..domain.outcomes import refuse_invalid
from ..domain.requests import IssueRefund, Line, Origin, PlaceOrder, Request, Units

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


_IDENTIFIER: Final = "1 to 64 characters of A-Z a-z 0-9 _ . : -"
_MINOR: Final = f"a whole number of minor units from 1 to {MAX_MINOR}"

ALLOWED: Final[Mapping[str, str]] = {
    "action": "purchase or refund",
    "request_id": _IDENTIFIER,
    "customer_id": _IDENTIFIER,
    "order_id": _IDENTIFIER,
    "requested_by": _IDENTIFIER,
    "sku": _IDENTIFIER,
    "currency": "three capital letters of ISO 4217, such as EUR",
    "payment_method": "a token of 1 to 128 characters of A-Z a-z 0-9 _ . : -",
    "reason": f"a text of 1 to {MAX_REASON_LENGTH} characters",
    "amount_minor": _MINOR,
    "unit_price_minor": _MINOR,
    "quantity": f"a whole number from 1 to {MAX_QUANTITY}",
    "lines": f"a list of 1 to {MAX_LINES} objects with one line per sku",
}
"""What each field of a request may be, in words."""

_WHOLE: Final[Mapping[str, str]] = {
    "repeated_sku": "lines: the same sku comes twice; allowed is one line per sku.",
    "total_too_large": f"lines: they come to more than {MAX_MINOR} minor units, which is the most allowed.",
    "amount_and_lines": "amount_minor, lines: both are given; allowed is one of them, or neither for all that is left.",
}


def sentence(error: ValidationError) -> str:
    """The first fault, and how many more there are."""
    faults = error.errors(include_url=False, include_context=False)
    more = f" ({len(faults) - 1} more)" if len(faults) > 1 else ""
    return f"{_fault(faults[0])}{more}"


def _fault(fault: ErrorDetails) -> str:
    kind, value = fault["type"], fault.get("input")
    if kind in _WHOLE:
        return _WHOLE[kind]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _about_action(value)
    path = [part for part in fault["loc"] if part not in ("purchase", "refund")]
    if kind == "string_unicode" and not path:
        return "The request has a field whose name is no valid Unicode; allowed are only the fields of the contract."
    if not path:
        return f"The request is {describe(value)}; allowed is an object with the fields of a purchase or a refund."
    return _about_field(kind, _dotted_path(path), _field(path), value)


def _about_action(value: Any) -> str:
    if isinstance(value, Mapping) and "action" in value:
        return f"action: got {describe(value['action'])}; allowed is {ALLOWED['action']}."
    return f"action: missing; allowed is {ALLOWED['action']}."


def _about_field(kind: str, path: str, field: str, value: Any) -> str:
    if kind == "extra_forbidden":
        return f"{path}: no such field; allowed are only the fields of the contract."
    allowed = ALLOWED.get(field, "a line with sku and quantity")
    if kind == "missing":
        return f"{path}: missing; allowed is {allowed}."
    return f"{path}: got {describe(value)}; allowed is {allowed}."


def _field(path: list[int | str]) -> str:
    """The last name of a path: a number is the place in a list."""
    return str(path[-1]) if isinstance(path[-1], str) else ""


def _dotted_path(path: list[int | str]) -> str:
    """`lines[2].quantity`; of a name that is not ours only what can be printed anywhere."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in path)
    return text.removeprefix(".")


def _printable(name: str) -> str:
    cleaned = "".join(each if each.isascii() and each.isprintable() else "?" for each in name[:40])
    return cleaned or "(empty)"


_DESCRIBED: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...]] = (
    (bool, lambda value: str(value).lower()),
    (int, lambda value: str(value) if abs(value) < 10**18 else "a number beyond all bounds"),
    (float, lambda value: f"the number {value!r}"),
    (str, lambda value: f"a text of {len(value)} characters"),
    ((list, tuple), lambda value: f"a list of {len(value)}"),
    (Mapping, lambda _: "an object"),
)


def describe(value: Any) -> str:
    """A value of JSON in a few words that repeat no text."""
    return next((say(value) for kind, say in _DESCRIBED if isinstance(value, kind)), "null")
