"""The publish function: turn the changes in the orders table's stream into events on the bus."""

from collections.abc import Mapping
from typing import Any, Final

from .adapters.dynamodb.order_stream import read_record
from .contracts.metrics import MetricName
from .runtime.dependencies import Dependencies, dependencies
from .runtime.publishing import Publisher

REQUIRED_SETTINGS: Final = ("stage", "event_bus", "sdk_timeout")


def handler(event: Mapping[str, Any], _context: object) -> dict[str, Any]:
    """Run the Lambda function."""
    return publish(event, dependencies(*REQUIRED_SETTINGS))


def publish(event: Mapping[str, Any], deps: Dependencies) -> dict[str, Any]:
    """Publish every entry that a batch of the stream added, and return the records that Lambda must redeliver."""
    records = [record for each in event["Records"] if (record := read_record(each))]
    batch = Publisher(bus=deps.bus, retry=deps.bus_retry).run(records)
    if batch.events:
        deps.log.add_metric(MetricName.EVENTS, batch.events)
    for record in batch.failed:
        unreadable = record.events is None
        deps.log.log_step("publish", order=record.order_id, record=record.sequence_number, unreadable=unreadable)
    deps.log.log_step("publish", records=len(records), events=batch.events, failed=len(batch.failed))
    return {"batchItemFailures": [{"itemIdentifier": record.sequence_number} for record in batch.failed]}
