"""An in-memory SQS with a boto3 client's interface: at-least-once delivery, in any order, until deletion."""

from typing import Any

from .dynamodb.model import require_model


class FakeSQS:
    """Messages by queue URL; a received message stays until it is deleted, so every receive returns it again."""

    def __init__(self, *, strict: bool = True) -> None:
        self.queues: dict[str, dict[str, str]] = {}
        self.strict = strict
        self._sent = 0

    def _begin(self, operation: str, request: dict[str, Any]) -> None:
        if self.strict:
            require_model(operation, request, "sqs")

    def send_message(self, **request: Any) -> dict[str, Any]:
        self._begin("SendMessage", request)
        self._sent += 1
        self.queues.setdefault(request["QueueUrl"], {})[f"message-{self._sent}"] = request["MessageBody"]
        return {"MessageId": f"message-{self._sent}"}

    def receive_message(self, **request: Any) -> dict[str, Any]:
        self._begin("ReceiveMessage", request)
        held = self.queues.get(request["QueueUrl"], {})
        page = list(held.items())[: request.get("MaxNumberOfMessages", 1)]
        if not page:
            return {}
        return {"Messages": [{"MessageId": name, "ReceiptHandle": name, "Body": body} for name, body in page]}

    def delete_message(self, **request: Any) -> dict[str, Any]:
        self._begin("DeleteMessage", request)
        self.queues.get(request["QueueUrl"], {}).pop(request["ReceiptHandle"], None)
        return {}
