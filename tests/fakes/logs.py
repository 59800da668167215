"""A CloudWatch Logs with a boto3 client's interface: groups with streams of lines, filtered by a quoted phrase."""

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from datetime import datetime
from typing import Any


@dataclass
class FakeLogs:
    """Log events by group."""

    events: dict[str, list[dict[str, Any]]] = field(default_factory=dict)

    def put(self, group: str, stream: str, at: datetime, *lines: str) -> None:
        """Log lines."""
        stamp = int(at.timestamp() * 1000)
        logged = [{"logStreamName": stream, "timestamp": stamp, "message": line} for line in lines]
        self.events.setdefault(group, []).extend(logged)

    def get_paginator(self, operation: str) -> "_Filter":
        assert operation == "filter_log_events"
        return _Filter(self)


@dataclass
class _Filter:
    client: FakeLogs

    def paginate(self, **request: Any) -> Iterator[dict[str, Any]]:
        phrase = json.loads(request["filterPattern"]) if "filterPattern" in request else ""
        streams, window = request.get("logStreamNames"), (request.get("startTime", 0), request.get("endTime", 2**60))
        found = [
            event
            for event in self.client.events.get(request["logGroupName"], [])
            if phrase in event["message"]
            and (streams is None or event["logStreamName"] in streams)
            and window[0] <= event["timestamp"] <= window[1]
        ]
        yield {"events": found}
