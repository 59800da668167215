"""A point for each whole unit of the currency that was spent; who has many is gold."""

from typing import Any

GOLD = 1000


def handler(event: dict[str, Any], _context: object) -> dict[str, Any]:
    """`{"customer_id", "spent_minor", "points"}` → `{"customer_id", "points", "tier"}`."""
    points = event["points"] + event["spent_minor"] // 100
    return {"customer_id": event["customer_id"], "points": points, "tier": "gold" if points >= GOLD else "basic"}
