"""A consumer of the order events of a deployed stack: a FIFO queue behind a rule."""

import json
import secrets
import time
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

from local.pytest_plugin import DeployedStack

TIMEOUT_SECONDS = 300
"""The limit of a wait for events that never arrive; events normally take a second or two."""


@dataclass(slots=True, kw_only=True)
class EventConsumer:
    """Receives the events that are published after it has subscribed, with repetitions, in their order."""

    stack: DeployedStack
    queue: str
    events: list[dict[str, Any]] = field(default_factory=list)

    def seqs(self) -> dict[str, list[int]]:
        """Return the sequence numbers of the entries that have arrived, by order."""
        self._receive()
        arrived: dict[str, list[int]] = {}
        for event in self.events:
            arrived.setdefault(event["detail"]["order_id"], []).append(event["detail"]["seq"])
        return arrived

    def wait_for(self, versions: Mapping[str, int]) -> dict[str, list[int]]:
        """Wait until each order's latest entry (by `versions`) has arrived, and return the entries by order."""
        return self.wait_until(
            lambda arrived: all(seq in arrived.get(order_id, ()) for order_id, seq in versions.items())
        )

    def wait_until(self, condition: Callable[[dict[str, list[int]]], bool]) -> dict[str, list[int]]:
        """Wait until the entries by order fulfil a condition, and return them."""
        end = time.monotonic() + TIMEOUT_SECONDS
        while not condition(arrived := self.seqs()):
            if time.monotonic() > end:
                raise TimeoutError(f"the events did not come; these did: {arrived}")
            time.sleep(0.1)
        return arrived

    def _receive(self) -> None:
        sqs = self.stack.client("sqs")
        while messages := sqs.receive_message(QueueUrl=self.queue, MaxNumberOfMessages=10).get("Messages"):
            self.events += [json.loads(message["Body"]) for message in messages]
            read = [{"Id": str(n), "ReceiptHandle": each["ReceiptHandle"]} for n, each in enumerate(messages)]
            sqs.delete_message_batch(QueueUrl=self.queue, Entries=read)


def replay_archive(stack: DeployedStack) -> None:
    """Send every event of the archive to the bus again."""
    events, now = stack.client("events"), datetime.now(UTC)
    events.start_replay(
        ReplayName=f"all-{secrets.token_hex(4)}",
        EventSourceArn=stack.outputs["eventArchiveArn"],
        EventStartTime=now - timedelta(hours=6),
        EventEndTime=now + timedelta(hours=1),
        Destination={"Arn": events.describe_event_bus(Name=stack.outputs["eventBus"])["Arn"]},
    )


@contextmanager
def subscribe(stack: DeployedStack, name: str) -> Iterator[EventConsumer]:
    """Subscribe to the bus of a stack, and end the subscription after the block."""
    sqs, events, bus = stack.client("sqs"), stack.client("events"), stack.outputs["eventBus"]
    fifo = {"FifoQueue": "true", "ContentBasedDeduplication": "true"}
    url = sqs.create_queue(QueueName=f"{name}.fifo", Attributes=fifo)["QueueUrl"]
    arn = sqs.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    service = {"Principal": {"Service": "events.amazonaws.com"}, "Action": "sqs:SendMessage", "Resource": arn}
    policy = json.dumps({"Version": "2012-10-17", "Statement": [{"Effect": "Allow", **service}]})
    sqs.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    events.put_rule(Name=name, EventBusName=bus, EventPattern=json.dumps({"source": ["booking.orders"]}))
    target = {"Id": name, "Arn": arn, "SqsParameters": {"MessageGroupId": "all"}}
    events.put_targets(Rule=name, EventBusName=bus, Targets=[target])
    try:
        yield EventConsumer(stack=stack, queue=url)
    finally:
        events.remove_targets(Rule=name, EventBusName=bus, Ids=[name])
        events.delete_rule(Name=name, EventBusName=bus)
        sqs.delete_queue(QueueUrl=url)
