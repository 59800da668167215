"""Instants as they are written: UTC, ISO 8601, six digits of a second, so that they sort as text."""

from datetime import UTC, datetime


def parse_instant(text: str) -> datetime:
    """The instant that a text names; one without an offset is in UTC."""
    parsed = datetime.fromisoformat(text)
    return (parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)).astimezone(UTC)


def format_instant(moment: datetime) -> str:
    """An instant in its one spelling."""
    return moment.astimezone(UTC).strftime("%Y-%m-%dT%H:%M:%S.%fZ")


def day_of(text: str) -> str:
    """The day (YYYY-MM-DD) of a written instant."""
    return text[:10]
