"""The queue of notices that an order may have changed at the gateway."""

from dataclasses import dataclass

from ..contracts.messages import GatewayNotice
from .clients import SQSClient, call


@dataclass(frozen=True, slots=True, kw_only=True)
class SQSNoticeQueue:
    """The queue; reconcile takes the notices out of it."""

    client: SQSClient
    queue_url: str

    def send(self, notice: GatewayNotice) -> None:
        """Queue a notice.

        Raises:
            Unavailable: the queue does not answer.
        """
        call(self.client.send_message, QueueUrl=self.queue_url, MessageBody=notice.model_dump_json(exclude_none=True))
