"""Parse typed requests: ids, amounts such as 12.34, and lines such as SKU=QUANTITY@PRICE."""

import json
import re
import secrets
import sys
from datetime import date
from pathlib import Path
from typing import Any, cast

from handlers.contracts.request_rules import MAX_REASON_LENGTH
from handlers.domain.canonical import format_instant, parse_instant
from handlers.domain.money import parse_amount

from .command_errors import UsageError


def parse_identifier(name: str, text: str) -> str:
    """Return an id, or reject one that the contract does not allow. `name` is the argument's name."""
    if not re.fullmatch(r"[A-Za-z0-9_.:-]{1,64}", text):
        raise UsageError(f"{name} {text!r} is not an id: write 1 to 64 of the characters A-Z a-z 0-9 _ . : -")
    return text


def parse_evidence(text: str) -> str:
    """Return the evidence for closing something by hand, or reject one of another length than reasons have."""
    if not 1 <= len(text) <= MAX_REASON_LENGTH:
        raise UsageError(f"--evidence must have 1 to {MAX_REASON_LENGTH} characters.")
    return text


def parse_money(name: str, text: str, currency: str) -> int:
    """Return an amount in minor units, exactly."""
    try:
        return parse_amount(text, currency)
    except ValueError as error:
        raise UsageError(f"{name}: {error}") from error


def parse_timestamp(name: str, text: str) -> str:
    """Return an instant as orders and entries have it. `name` is the option's name."""
    try:
        return format_instant(parse_instant(text))
    except (ValueError, OverflowError) as error:
        raise UsageError(f"{name} must be an instant such as 2026-01-30T00:00:00Z, got {text!r}.") from error


def parse_day(option: str, text: str) -> date:
    """Return a day written as YYYY-MM-DD, or reject the option."""
    try:
        return date.fromisoformat(text)
    except ValueError as error:
        raise UsageError(f"{option} must be a day such as 2026-01-31, got {text!r}.") from error


def new_request_id() -> str:
    """Return a random request id."""
    return f"cli-{secrets.token_hex(8)}"


def parse_line(text: str) -> tuple[str, int, str | None]:
    """Split `SKU`, `SKU=QUANTITY`, `SKU@PRICE` or `SKU=QUANTITY@PRICE` into SKU, quantity and price."""
    found = re.fullmatch(r"([A-Za-z0-9_.:-]{1,64})(?:=([0-9]{1,7}))?(?:@([0-9.]+))?", text)
    if found is None or found[2] == "0":
        raise UsageError(f"{text!r} is not a line: write SKU=QUANTITY@PRICE, such as MUG=2@8.00 (or MUG, or MUG=2).")
    return found[1], int(found[2] or 1), found[3]


def read_event(name: str) -> Any:
    """Read any JSON value from a file, or from standard input if the name is "-".

    The state machine itself rejects a value that is not a valid request.
    """
    try:
        text = sys.stdin.read() if name == "-" else Path(name).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as error:
        reason = error.strerror if isinstance(error, OSError) else "it is not UTF-8 text"
        raise UsageError(f"{name} cannot be read: {reason}.") from error
    try:
        return json.loads(text, parse_constant=_reject_constant)
    except (ValueError, RecursionError) as error:
        raise UsageError(f"{name} is not JSON: {error}.") from error


def as_object(value: object) -> dict[str, Any] | None:
    """Return a JSON value if it is an object, else None."""
    return cast("dict[str, Any]", value) if isinstance(value, dict) else None


def _reject_constant(name: str) -> Any:
    raise ValueError(f"{name} is not a JSON number")
