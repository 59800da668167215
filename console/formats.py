"""Formats of values for people: instants with their zone, durations, sizes, JSON."""

import json
from datetime import UTC, datetime, timedelta
from typing import Any, Final

MAX_JSON: Final = 6_000
"""Maximum characters of a value on a page."""


def format_timestamp(instant: datetime | str | None) -> str:
    """Format an instant with its zone, to the millisecond: "2026-01-31 09:30:00.250 UTC"."""
    if instant is None or instant == "":
        return "–"
    parsed = parse_timestamp(instant) if isinstance(instant, str) else instant
    return (
        f"{parsed.astimezone(UTC):%Y-%m-%d %H:%M:%S}.{parsed.microsecond // 1000:03d} UTC" if parsed else str(instant)
    )


def parse_timestamp(text: str) -> datetime | None:
    """Parse an ISO 8601 instant; None for anything else, which a broken ledger may contain."""
    try:
        parsed = datetime.fromisoformat(text)
    except ValueError:
        return None
    return parsed if parsed.tzinfo else parsed.replace(tzinfo=UTC)


def format_duration(duration: timedelta | None) -> str:
    """Format a duration in its two largest units: "320 ms", "4.2 s", "3 min 5 s", "2 d 4 h"."""
    if duration is None:
        return "–"
    seconds = duration.total_seconds()
    if seconds < 1:
        return f"{seconds * 1000:.0f} ms"
    if seconds < 60:
        return f"{seconds:.1f} s"
    units = ((86_400, "d", 3600, "h"), (3600, "h", 60, "min"), (60, "min", 1, "s"))
    size, name, smaller, smaller_name = next(unit for unit in units if seconds >= unit[0])
    rest = int(seconds % size // smaller)
    return f"{int(seconds // size)} {name}" + (f" {rest} {smaller_name}" if rest else "")


def format_json(value: Any) -> str:
    """Format a JSON value over several lines, truncating long ones."""
    text = value if isinstance(value, str) else json.dumps(value, indent=2, ensure_ascii=False, default=str)
    if len(text) <= MAX_JSON:
        return text
    return f"{text[:MAX_JSON]}\n… {len(text) - MAX_JSON} more characters"
