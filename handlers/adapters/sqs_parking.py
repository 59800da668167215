"""The parking queue in SQS."""

from collections.abc import Sequence
from dataclasses import dataclass

from ..domain.ports import ParkedResult
from .clients import SQSClient, call


@dataclass(frozen=True, slots=True, kw_only=True)
class SQSParkingQueue:
    """The parking queue."""

    client: SQSClient
    queue_url: str

    def receive(self) -> Sequence[ParkedResult]:
        """Return at most ten results, without waiting for more."""
        reply = call(self.client.receive_message, QueueUrl=self.queue_url, MaxNumberOfMessages=10)
        return [
            ParkedResult(message=str(each["Body"]), receipt=str(each["ReceiptHandle"]))
            for each in reply.get("Messages", ())
        ]

    def delete(self, parked: ParkedResult) -> None:
        """Delete the message of a result."""
        call(self.client.delete_message, QueueUrl=self.queue_url, ReceiptHandle=parked.receipt)
