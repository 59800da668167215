"""SQS queues and their policies.

https://docs.aws.amazon.com/AWSSimpleQueueService/latest/APIReference/API_SetQueueAttributes.html
"""

from collections.abc import Callable, Mapping
from typing import Any

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, JsonString, KmsKeyId, Property
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import TAGS, boolean, fetch_or_none, ignore_not_found, number, output, policy, string, sync_tags

_ATTRIBUTES: Mapping[str, tuple[str, Callable[[str], Any], Any]] = {
    "contentBasedDeduplication": ("ContentBasedDeduplication", lambda text_: text_ == "true", None),
    "delaySeconds": ("DelaySeconds", int, 0),
    "kmsDataKeyReusePeriodSeconds": ("KmsDataKeyReusePeriodSeconds", int, 300),
    "kmsMasterKeyId": ("KmsMasterKeyId", str, ""),
    "maxMessageSize": ("MaximumMessageSize", int, None),
    "messageRetentionSeconds": ("MessageRetentionPeriod", int, 345600),
    "policy": ("Policy", str, ""),
    "receiveWaitTimeSeconds": ("ReceiveMessageWaitTimeSeconds", int, 0),
    "redriveAllowPolicy": ("RedriveAllowPolicy", str, ""),
    "redrivePolicy": ("RedrivePolicy", str, ""),
    "sqsManagedSseEnabled": ("SqsManagedSseEnabled", lambda text_: text_ == "true", None),
    "visibilityTimeoutSeconds": ("VisibilityTimeout", int, 30),
}
"""Property → AWS's attribute, the parser of its text, and its value when the program stops setting it."""


class Queue(Resource):
    """A queue; its id is its URL."""

    token = "aws:sqs/queue:Queue"
    auto_name = AutoName(max_length=80, suffix_if=("fifoQueue", ".fifo"))
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "fifoQueue": boolean(replaces=True),
        "contentBasedDeduplication": boolean(),
        "delaySeconds": number(0, 900, default=0),
        "kmsMasterKeyId": Property(schema=KmsKeyId()),
        "kmsDataKeyReusePeriodSeconds": number(60, 86400, default=CHOSEN_BY_AWS),
        "maxMessageSize": number(1024, 1048576, default=CHOSEN_BY_AWS),
        "messageRetentionSeconds": number(60, 1209600, default=345600),
        "policy": policy(default=CHOSEN_BY_AWS),
        "receiveWaitTimeSeconds": number(0, 20, default=0),
        "redriveAllowPolicy": Property(schema=JsonString(policy=True), default=CHOSEN_BY_AWS),
        "redrivePolicy": Property(schema=JsonString(policy=True)),
        "sqsManagedSseEnabled": boolean(default=CHOSEN_BY_AWS),
        "visibilityTimeoutSeconds": number(0, 43200, default=30),
        "tags": TAGS,
        "arn": output(),
        "url": output(),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        answer = fetch_or_none(aws.client("sqs").get_queue_url, QueueName=inputs["name"])
        return answer and str(answer["QueueUrl"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        kind = {"FifoQueue": "true"} if inputs.get("fifoQueue") else {}
        created = aws.client("sqs").create_queue(QueueName=inputs["name"], Attributes=kind, tags=aws.tags(inputs))
        return str(created["QueueUrl"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("sqs"), self.read(aws, id_) or {}
        changed = {}
        for name, (attribute, _, reset) in _ATTRIBUTES.items():
            shape = self.properties[name].schema
            wanted = inputs.get(name, reset if name in old else None)
            if wanted is not None and shape.canonical(wanted) != shape.canonical(actual.get(name)):
                changed[attribute] = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
        if changed:
            client.set_queue_attributes(QueueUrl=id_, Attributes=changed)
        sync_tags(client, aws, inputs, actual["tags"], noun="queue", pairs=dict, QueueUrl=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("sqs")
        answer = fetch_or_none(client.get_queue_attributes, QueueUrl=id_, AttributeNames=["All"])
        if answer is None:
            return None
        facts = answer["Attributes"]
        return {
            "name": facts["QueueArn"].rsplit(":", 1)[-1],
            "arn": facts["QueueArn"],
            "url": id_,
            "fifoQueue": facts.get("FifoQueue") == "true",
            **{name: read(facts[key]) for name, (key, read, _) in _ATTRIBUTES.items() if facts.get(key)},
            "tags": client.list_queue_tags(QueueUrl=id_).get("Tags", {}),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("sqs").delete_queue(QueueUrl=id_)


class _QueueAttribute(Resource):
    """An attribute of a queue that is a separate resource."""

    creates_completely = True
    identity = ("queueUrl",)
    attribute: str
    """AWS's name for the attribute."""
    property: str
    """The property's name."""

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["queueUrl"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._set(aws, inputs["queueUrl"], inputs[self.property])
        return str(inputs["queueUrl"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._set(aws, id_, inputs[self.property])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        answer = fetch_or_none(aws.client("sqs").get_queue_attributes, QueueUrl=id_, AttributeNames=["All"])
        value = answer and answer["Attributes"].get(self.attribute)
        return {"queueUrl": id_, self.property: value} if value else None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            self._set(aws, id_, "")

    def _set(self, aws: Aws, url: str, value: str) -> None:
        aws.client("sqs").set_queue_attributes(QueueUrl=url, Attributes={self.attribute: value})


class QueuePolicy(_QueueAttribute):
    """The permissions on a queue."""

    token = "aws:sqs/queuePolicy:QueuePolicy"
    attribute, property = "Policy", "policy"
    properties = {"queueUrl": string(required=True, replaces=True), "policy": policy(required=True)}


class RedriveAllowPolicy(_QueueAttribute):
    """The queues that may use a queue as their dead-letter queue."""

    token = "aws:sqs/redriveAllowPolicy:RedriveAllowPolicy"
    attribute, property = "RedriveAllowPolicy", "redriveAllowPolicy"
    properties = {"queueUrl": string(required=True, replaces=True), "redriveAllowPolicy": policy(required=True)}
