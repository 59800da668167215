"""Where a listing goes on, as text that travels through messages."""

import base64
import json
from typing import Any

from .clients import Reply


def page_end(reply: Reply) -> str | None:
    """Where a query's next page begins."""
    last = reply.get("LastEvaluatedKey")
    return base64.urlsafe_b64encode(json.dumps(last).encode()).decode() if last else None


def page_start(after: str | None) -> dict[str, Any]:
    """What a query is told to begin there."""
    return {"ExclusiveStartKey": json.loads(base64.urlsafe_b64decode(after))} if after else {}
