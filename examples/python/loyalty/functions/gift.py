"""A gift for whoever became gold."""

from typing import Any


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"customer_id", …}` → `{"customer_id", "gift"}`."""
    return {"customer_id": event["customer_id"], "gift": "MUG"}
