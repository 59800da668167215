"""A pydantic error, rephrased for people: which field, what was there, what is allowed.

A text that was sent is never repeated, for it may be a card number in the wrong field; a number is.
"""

from collections.abc import Callable, Mapping
from typing import Any, Final

from pydantic import ValidationError
from pydantic_core import ErrorDetails

from ..contracts import MAX_LINES, MAX_MINOR, MAX_QUANTITY, MAX_REASON_LENGTH

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
