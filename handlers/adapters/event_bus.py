"""The bus of the order events in EventBridge."""

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, Final

from ..contracts.storage import EVENT_SOURCE
from ..domain.publication import MAX_EVENT_BYTES, LedgerEvent
from .clients import EventsClient, call

MAX_ENTRIES: Final = 10
"""Maximum entries per request. Source: EventBridge API reference, "PutEvents"."""


@dataclass(frozen=True, slots=True, kw_only=True)
class EventBridgeBus:
    """A bus in EventBridge, by its name or ARN."""

    client: EventsClient
    bus: str

    def publish(self, events: Sequence[LedgerEvent]) -> tuple[LedgerEvent, ...]:
        """Put the events in as many requests as needed.

        If EventBridge accepts only part of a request, it names the rest.
        """
        return tuple(event for batch in _batches(events) for event in self._put(batch))

    def _put(self, events: Sequence[LedgerEvent]) -> Iterator[LedgerEvent]:
        reply = call(self.client.put_events, Entries=[self._entry(event) for event in events])
        for event, result in zip(events, reply["Entries"], strict=True):
            if result.get("ErrorCode"):
                yield event

    def _entry(self, event: LedgerEvent) -> dict[str, Any]:
        return {
            "EventBusName": self.bus,
            "Source": EVENT_SOURCE,
            "DetailType": event.kind,
            "Detail": event.detail,
            "Time": event.time,
        }


def _batches(events: Sequence[LedgerEvent]) -> Iterator[list[LedgerEvent]]:
    """Yield the events in as few batches as their number and size allow."""
    batch, size = list[LedgerEvent](), 0
    for event in events:
        if batch and (len(batch) == MAX_ENTRIES or size + event.size > MAX_EVENT_BYTES):
            yield batch
            batch, size = [], 0
        batch.append(event)
        size += event.size
    if batch:
        yield batch
