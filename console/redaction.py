"""Mask personal data as the machine's log does (ADR 3), because reports are copied and read like logs.

Values of the request's personal fields are masked at any depth, also in JSON inside a string; card numbers and e-mail
addresses are masked everywhere.
"""

import json
import re
from typing import Any, Final, cast

MASK: Final = "********"
PERSONAL: Final = frozenset(
    {"customer_id", "evidence", "gateway_customer", "payment_method", "reason", "requested_by", "sub"}
)
"""A copy of the fields in handlers.contracts.messages, which reports must not import; a test keeps them equal."""
_EMAIL: Final = re.compile(r"[A-Za-z0-9._%+-]{1,64}@[A-Za-z0-9-]{1,63}(?:\.[A-Za-z0-9-]{1,63}){1,8}")
_CARD: Final = re.compile(r"(?<![0-9A-Za-z])[0-9](?:[ -]?[0-9]){12,18}(?![0-9A-Za-z])")
_FIELD: Final = re.compile(r'((?:%s)\\*"\s*:\s*\\*")[^"\\]*' % "|".join(sorted(PERSONAL)))  # noqa: UP031  # braces of the expression
_MAX_DEPTH: Final = 60


def redact(value: Any, depth: int = 0) -> Any:
    """Return a JSON value with personal data masked."""
    if depth > _MAX_DEPTH:
        return "…"
    if isinstance(value, str):
        return redact_text(value)
    if isinstance(value, dict):
        fields = cast("dict[str, Any]", value)
        return {name: _redact_field(name, each, depth) for name, each in fields.items()}
    if isinstance(value, (list, tuple)):
        return [redact(each, depth + 1) for each in cast("list[Any]", value)]
    return value


def redact_text(text: str) -> str:
    """Return a string with personal data masked; JSON stays JSON."""
    if text[:1] in "{[":
        try:
            return json.dumps(redact(json.loads(text), 1), ensure_ascii=False)
        except (ValueError, RecursionError):
            pass
    masked = _FIELD.sub(rf"\1{MASK}", text)
    return _CARD.sub(_mask_card, _EMAIL.sub(MASK, masked))


def _redact_field(name: str, value: Any, depth: int) -> Any:
    return MASK if name in PERSONAL and isinstance(value, str) else redact(value, depth + 1)


def _mask_card(found: re.Match[str]) -> str:
    """Mask digits that pass the check of card numbers (Luhn's), which ids and timestamps rarely do."""
    digits = [int(each) for each in found[0] if each.isdigit()]
    doubled = [digit if index % 2 == 0 else sum(divmod(2 * digit, 10)) for index, digit in enumerate(reversed(digits))]
    return MASK if sum(doubled) % 10 == 0 else found[0]
