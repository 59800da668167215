"""Timestamps in the format of the States Language."""

from __future__ import annotations

import re
from datetime import datetime
from typing import Final

_TIMESTAMP: Final = r"(?a)\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d+)?(Z|[+-]\d\d:\d\d)"


def is_timestamp(text: str) -> bool:
    """Return true if a string is a valid timestamp."""
    try:
        parse_timestamp(text)
    except ValueError:
        return False
    return True


def parse_timestamp(text: str) -> datetime:
    """Parse a timestamp; raises ValueError."""
    if not re.fullmatch(_TIMESTAMP, text):
        raise ValueError(f"{text!r} is not a timestamp such as 2026-01-31T12:00:00Z")
    return datetime.fromisoformat(text)
