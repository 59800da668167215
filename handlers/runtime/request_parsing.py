"""Parse JSON into a request, or into a refusal whose message names the field and states what is allowed.

A message never repeats a caller's string, which may be a card number in the wrong field. Numbers are repeated.

Longer than 250 lines so that every message about a field is next to its rule.
"""

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any, Final, cast

from ..contracts.prebuilt import (
    BookingResult,
    CancelRequest,
    CaptureRequest,
    DecisionRequest,
    FunctionInput,
    PurchaseRequest,
    RefundLine,
    RefundRequest,
    ResolutionRequest,
    read_request,
)
from ..contracts.pydantic_engine import ValidationError
from ..contracts.request_rules import (
    MAX_HOLD_SECONDS,
    MAX_LINES,
    MAX_MINOR,
    MAX_QUANTITY,
    MAX_REASON_LENGTH,
    MIN_HOLD_SECONDS,
)
from ..domain.answers import Answer
from ..domain.money import DECIMALS
from ..domain.outcomes import refuse_invalid
from ..domain.requests import (
    DEFAULT_HOLD_SECONDS,
    CancelOrder,
    CapturePayment,
    IssueRefund,
    Line,
    MakeDecision,
    Origin,
    PlaceOrder,
    Request,
    ResolveCase,
    Units,
)

if TYPE_CHECKING:
    from pydantic_core import ErrorDetails


def parse_request(value: object) -> Request | Answer:
    """Parse a JSON value into a request, or return a refusal. Never raises."""
    try:
        request = read_request(value)
    except ValidationError as error:
        return _refuse(describe_error(error), value)
    match request:
        case RefundRequest():
            return _issue_refund(request)
        case CaptureRequest():
            return _capture_payment(request)
        case CancelRequest():
            return CancelOrder(
                request_id=request.request_id, order_id=request.order_id, requested_by=request.requested_by
            )
        case DecisionRequest():
            return MakeDecision(
                request_id=request.request_id,
                order_id=request.order_id,
                subject=request.subject,
                decision=request.decision,
                requested_by=request.requested_by,
            )
        case ResolutionRequest():
            return ResolveCase(
                request_id=request.request_id,
                order_id=request.order_id,
                subject=request.subject,
                outcome=request.outcome,
                evidence=request.evidence,
                requested_by=request.requested_by,
            )
        case PurchaseRequest() if request.currency in DECIMALS:
            return _place_order(request)
        case PurchaseRequest():
            return _refuse("currency must be the ISO 4217 code of a currency in circulation, such as EUR.", value)


def origin_of(message: FunctionInput) -> Origin:
    """Return the execution of a message and its start."""
    return Origin(execution=message.execution, requested_at=message.requested_at)


def result_message(answer: Answer, *, replayed: bool) -> dict[str, Any]:
    """Return the BookingResult of an answer as JSON."""
    return BookingResult.model_validate(
        {**answer.as_json(), "replayed": replayed, "erased": answer.erased}
    ).model_dump()


def _place_order(request: PurchaseRequest) -> PlaceOrder:
    return PlaceOrder(
        request_id=request.request_id,
        customer_id=request.customer_id,
        currency=request.currency,
        lines=tuple(
            Line(sku=line.sku, quantity=line.quantity, unit_price_minor=line.unit_price_minor) for line in request.lines
        ),
        payment_method=request.payment_method,
        captures_later=request.capture == "later",
        hold_seconds=DEFAULT_HOLD_SECONDS if request.hold_seconds is None else request.hold_seconds,
        return_url=request.return_url,
        gateway_customer=request.gateway_customer,
    )


def _units(lines: list[RefundLine] | None) -> tuple[Units, ...] | None:
    return None if lines is None else tuple(Units(sku=line.sku, quantity=line.quantity) for line in lines)


def _capture_payment(request: CaptureRequest) -> CapturePayment:
    return CapturePayment(
        request_id=request.request_id,
        order_id=request.order_id,
        requested_by=request.requested_by,
        amount_minor=request.amount_minor,
        units=_units(request.lines),
    )


def _issue_refund(request: RefundRequest) -> IssueRefund:
    return IssueRefund(
        request_id=request.request_id,
        order_id=request.order_id,
        requested_by=request.requested_by,
        reason=request.reason,
        amount_minor=request.amount_minor,
        units=_units(request.lines),
        restock=request.restock,
        override=request.override,
    )


def _refuse(message: str, value: object) -> Answer:
    """Refuse a value, citing its action and request_id if they are valid."""
    sent = cast("dict[object, object]", value) if isinstance(value, dict) else {}
    action, request_id = sent.get("action"), sent.get("request_id")
    return refuse_invalid(
        message,
        action=action if isinstance(action, str) and action in ACTIONS else None,
        request_id=request_id if isinstance(request_id, str) and _is_identifier(request_id) else None,
    )


def _is_identifier(text: str) -> bool:
    return 1 <= len(text) <= 64 and text.isascii() and text.translate(_PUNCTUATION).isalnum()


_PUNCTUATION: Final = str.maketrans(dict.fromkeys("_.:-", "x"))


_IDENTIFIER: Final = "1 to 64 characters of A-Z a-z 0-9 _ . : -"
_METHOD: Final = "a token of 1 to 128 characters of A-Z a-z 0-9 _ . : -"
_MINOR: Final = f"an integer from 1 to {MAX_MINOR}, in minor units"

ACTIONS: Final = ("purchase", "capture", "cancel", "refund", "decide", "resolve")

ALLOWED: Final[Mapping[str, str]] = {
    "action": f"{', '.join(ACTIONS[:-1])} or {ACTIONS[-1]}",
    "request_id": _IDENTIFIER,
    "customer_id": _IDENTIFIER,
    "order_id": _IDENTIFIER,
    "requested_by": _IDENTIFIER,
    "sku": _IDENTIFIER,
    "currency": "three capital letters of ISO 4217, such as EUR",
    "payment_method": _METHOD,
    "capture": "now or later",
    "hold_seconds": f"an integer from {MIN_HOLD_SECONDS} to {MAX_HOLD_SECONDS}",
    "return_url": "an https URL of at most 512 printable ASCII characters",
    "gateway_customer": _METHOD,
    "reason": f"a string of 1 to {MAX_REASON_LENGTH} characters",
    "amount_minor": _MINOR,
    "unit_price_minor": _MINOR,
    "quantity": f"an integer from 1 to {MAX_QUANTITY}",
    "restock": "true or false",
    "override": "window, or left out",
    "subject": "the refund_id or case_id, or the id of the case's subject",
    "decision": "approve or deny",
    "outcome": "settled or released",
    "evidence": f"a string of 1 to {MAX_REASON_LENGTH} characters",
    "lines": f"a list of 1 to {MAX_LINES} objects, one per sku",
}
"""The allowed values of each field of a request, in words."""

_REQUEST_PROBLEMS: Final[Mapping[str, str]] = {
    "repeated_sku": "lines must not contain the same sku twice; add the quantities up.",
    "total_too_large": f"lines must total at most {MAX_MINOR} minor units.",
    "amount_and_lines": "amount_minor and lines must not both be given; give one, or neither for everything.",
    "hold_without_later": "hold_seconds is only for a purchase with capture later; remove it.",
}


def describe_error(error: ValidationError) -> str:
    """Describe the first problem of a request, and count the others."""
    problems = error.errors(include_url=False, include_context=False)
    more = f" ({len(problems) - 1} more)" if len(problems) > 1 else ""
    return f"{_describe_problem(problems[0])}{more}"


def _describe_problem(problem: "ErrorDetails") -> str:
    kind, value = problem["type"], problem.get("input")
    if kind in _REQUEST_PROBLEMS:
        return _REQUEST_PROBLEMS[kind]
    if kind in ("union_tag_invalid", "union_tag_not_found"):
        return _describe_action(value)
    path = list(problem["loc"][1:]) if problem["loc"][:1] and problem["loc"][0] in ACTIONS else list(problem["loc"])
    if kind == "string_unicode" and not path:
        return "The request has a field whose name is not valid Unicode; remove it."
    if not path:
        return f"The request must be an object with the fields of its action, got {describe(value)}."
    return _describe_field(kind, _dotted_path(path), _field(path), value)


def _describe_action(value: Any) -> str:
    if isinstance(value, Mapping) and "action" in value:
        return f"action must be {ALLOWED['action']}, got {describe(value['action'])}."
    return f"action is missing; it must be {ALLOWED['action']}."


def _describe_field(kind: str, path: str, field: str, value: Any) -> str:
    if kind == "extra_forbidden":
        return f"{path} is not a field of the contract; remove it."
    allowed = ALLOWED.get(field, "an object with sku and quantity")
    if kind == "missing":
        return f"{path} is missing; it must be {allowed}."
    return f"{path} must be {allowed}, got {describe(value)}."


def _field(path: list[int | str]) -> str:
    """Return the name of the field at the end of a path, or "" if the path ends in a list."""
    return str(path[-1]) if isinstance(path[-1], str) else ""


def _dotted_path(path: list[int | str]) -> str:
    """Format a path as `lines[2].quantity`, with only printable ASCII of the caller's names."""
    text = "".join(f"[{part}]" if isinstance(part, int) else f".{_printable(part)}" for part in path)
    return text.removeprefix(".")


def _printable(name: str) -> str:
    cleaned = "".join(each if each.isascii() and each.isprintable() else "?" for each in name[:40])
    return cleaned or "(empty)"


_DESCRIPTIONS: Final[tuple[tuple[type | tuple[type, ...], Callable[[Any], str]], ...]] = (
    (bool, lambda value: str(value).lower()),
    (int, lambda value: str(value) if abs(value) < 10**18 else "a number that is far out of range"),
    (float, lambda value: f"the number {value!r}"),
    (str, lambda value: f"a string of {len(value)} characters"),
    ((list, tuple), lambda value: f"a list of {len(value)} items"),
    (Mapping, lambda _: "an object"),
)


def describe(value: Any) -> str:
    """Describe a JSON value in a few words that repeat no string."""
    return next((describe_value(value) for kind, describe_value in _DESCRIPTIONS if isinstance(value, kind)), "null")
