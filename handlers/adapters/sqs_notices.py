"""The queue of notices that an order may have changed at the gateway."""

import json
from dataclasses import dataclass

from ..contracts.prebuilt import GatewayNotice
from .clients import SQSClient, call


@dataclass(frozen=True, slots=True, kw_only=True)
class SQSNoticeQueue:
    """The queue of notices that reconcile consumes."""

    client: SQSClient
    queue_url: str

    def send(self, notice: GatewayNotice) -> None:
        """Queue a notice.

        Raises:
            Unavailable: the queue does not answer.
        """
        fields = {name: value for name, value in notice.model_dump().items() if value is not None}
        call(self.client.send_message, QueueUrl=self.queue_url, MessageBody=json.dumps(fields))
