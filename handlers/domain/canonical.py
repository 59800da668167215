"""Canonical forms: JSON and its hashes, and instants and days in UTC that sort as strings."""

import hashlib
import json
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Final

Json = None | bool | int | str | Sequence["Json"] | Mapping[str, "Json"]


def canonical(value: Json) -> str:
    """Return a value as JSON with sorted keys, no white space and only ASCII characters."""
    return json.dumps(value, sort_keys=True, separators=(",", ":"), ensure_ascii=True)


def sha256(text: str) -> str:
    """Return the hexadecimal SHA-256 of an ASCII string."""
    return hashlib.sha256(text.encode("ascii")).hexdigest()


def digest(value: Json) -> str:
    """Return the SHA-256 of a value's canonical JSON."""
    return sha256(canonical(value))


def hash_with_salt(salt: str, value: Json) -> str:
    """Return a hash that shows whether two values are equal and cannot be guessed without the salt."""
    return digest([salt, value])


def parse_instant(text: str) -> datetime:
    """Parse an ISO 8601 instant; one without an offset is in UTC."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def format_instant(instant: datetime) -> str:
    """Format an instant as ISO 8601 in UTC, with microseconds."""
    return instant.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_of(text: str) -> str:
    """Return the day (YYYY-MM-DD) of a formatted instant."""
    return text[:10]


CLOSING: Final = timedelta(hours=48)
"""The time after its end for which a day stays open. Nothing is dated into a closed day (law 40)."""


def last_closed_day(now: datetime) -> str:
    """Return the latest day that is closed at `now`."""
    return ((now.astimezone(UTC) - CLOSING).date() - timedelta(days=1)).isoformat()


def is_closed(day: str, now: datetime) -> bool:
    """Return whether a day is closed at `now`."""
    return day <= last_closed_day(now)


def next_day(day: str) -> str:
    """Return the day after `day`."""
    return _shift(day, 1)


def previous_day(day: str) -> str:
    """Return the day before `day`."""
    return _shift(day, -1)


def _shift(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
