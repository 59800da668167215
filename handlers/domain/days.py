"""Days in UTC, as YYYY-MM-DD: their order, and when one is closed."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

CLOSING: Final = timedelta(hours=48)
"""How long after its end a day is still open. Nothing is dated into a closed day (law 40)."""


def last_closed_day(now: datetime) -> str:
    """The latest day that is closed at `now`."""
    return ((now.astimezone(UTC) - CLOSING).date() - timedelta(days=1)).isoformat()


def is_closed(day: str, now: datetime) -> bool:
    """Return whether a day is closed at `now`."""
    return day <= last_closed_day(now)


def next_day(day: str) -> str:
    """The day after `day`."""
    return _shift(day, 1)


def previous_day(day: str) -> str:
    """The day before `day`."""
    return _shift(day, -1)


def _shift(day: str, days: int) -> str:
    return (date.fromisoformat(day) + timedelta(days=days)).isoformat()
