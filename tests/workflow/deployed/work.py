"""The function that generated workflows call, both in the embedded AWS and in the interpreter."""

from typing import Any


class E(Exception):  # the name that the generated retriers and catchers match
    """The error that a call fails with."""


def count_characters(value: Any) -> int:
    """Return the number of characters in the strings of a value."""
    if isinstance(value, dict):
        return sum(map(count_characters, value.values()))
    if isinstance(value, list):
        return sum(map(count_characters, value))
    return len(value) if isinstance(value, str) else 0


def handler(event: Any, context: object) -> dict[str, Any]:
    """Return the event, or raise E for about every fourth one; always the same for the same event."""
    if count_characters(event) % 4 == 3:
        raise E("as this event always does")
    return {"seen": event}
