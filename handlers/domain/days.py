"""Days in UTC, as YYYY-MM-DD: their sequence, and the time at which one closes."""

from datetime import UTC, date, datetime, timedelta
from typing import Final

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
