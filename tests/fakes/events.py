"""An EventBridge with a boto3 client's interface: it records events, and rejects those that a test selects."""

import json
from collections.abc import Callable
from typing import Any

from .dynamodb.model import require_model


class FakeEventBridge:
    """A bus and its archive: `events` in order of acceptance.

    `refuses` decides on each entry by its detail; a rejected one does not affect the others in its request.
    """

    def __init__(self, refuses: Callable[[dict[str, Any]], bool] = lambda detail: False) -> None:
        self.events: list[dict[str, Any]] = []
        self.requests: list[int] = []
        self.refuses = refuses

    def put_events(self, **request: Any) -> dict[str, Any]:
        require_model("PutEvents", request, "events")
        entries = request["Entries"]
        assert 1 <= len(entries) <= 10
        assert sum(len(entry["Detail"]) for entry in entries) <= 256 * 1024
        self.requests.append(len(entries))
        results = [self._put(entry) for entry in entries]
        return {"FailedEntryCount": sum("ErrorCode" in result for result in results), "Entries": results}

    def _put(self, entry: dict[str, Any]) -> dict[str, Any]:
        detail = json.loads(entry["Detail"])
        if self.refuses(detail):
            return {"ErrorCode": "ThrottlingException", "ErrorMessage": "Rate exceeded"}
        self.events.append({"source": entry["Source"], "detail-type": entry["DetailType"], "detail": detail})
        return {"EventId": f"event-{len(self.events)}"}
