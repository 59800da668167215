"""SNS topics, their policies and subscriptions.

https://docs.aws.amazon.com/sns/latest/api/API_SetTopicAttributes.html
"""

import json

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, KmsKeyId, Property
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import (
    TAGS,
    boolean,
    fetch_or_none,
    ignore_not_found,
    number,
    output,
    policy,
    string,
    sync_tags,
    tag_list,
    tag_map,
)


class Topic(Resource):
    """A topic; its id is its ARN."""

    token = "aws:sns/topic:Topic"
    auto_name = AutoName(max_length=80, suffix_if=("fifoTopic", ".fifo"))
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "fifoTopic": boolean(replaces=True),
        "contentBasedDeduplication": boolean(),
        "displayName": string(default=""),
        "kmsMasterKeyId": Property(schema=KmsKeyId()),
        "policy": policy(default=CHOSEN_BY_AWS),
        "deliveryPolicy": policy(),
        "tags": TAGS,
        "arn": output(),
        "owner": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return aws.arn("sns", inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        kind = {"FifoTopic": "true"} if inputs.get("fifoTopic") else {}
        created = aws.client("sns").create_topic(Name=inputs["name"], Attributes=kind, Tags=tag_list(aws.tags(inputs)))
        return str(created["TopicArn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("sns"), self.read(aws, id_) or {}
        for name, attribute, reset in (
            ("contentBasedDeduplication", "ContentBasedDeduplication", None),
            ("deliveryPolicy", "DeliveryPolicy", ""),
            ("displayName", "DisplayName", ""),
            ("kmsMasterKeyId", "KmsMasterKeyId", ""),
            ("policy", "Policy", None),
        ):
            shape = self.properties[name].schema
            wanted = inputs.get(name, reset if name in old else None)
            if wanted is not None and shape.canonical(wanted) != shape.canonical(actual.get(name)):
                value = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
                client.set_topic_attributes(TopicArn=id_, AttributeName=attribute, AttributeValue=value)
        sync_tags(client, aws, inputs, actual["tags"], ResourceArn=id_)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("sns")
        answer = fetch_or_none(client.get_topic_attributes, TopicArn=id_)
        if answer is None:
            return None
        facts = answer["Attributes"]
        return {
            "name": id_.rsplit(":", 1)[-1],
            "arn": id_,
            "owner": facts.get("Owner", aws.account),
            "fifoTopic": facts.get("FifoTopic") == "true",
            "contentBasedDeduplication": facts.get("ContentBasedDeduplication") == "true",
            "displayName": facts.get("DisplayName", ""),
            "kmsMasterKeyId": facts.get("KmsMasterKeyId") or None,
            "policy": facts.get("Policy"),
            "deliveryPolicy": facts.get("DeliveryPolicy") or None,
            "tags": tag_map(client.list_tags_for_resource(ResourceArn=id_).get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("sns").delete_topic(TopicArn=id_)


class TopicPolicy(Resource):
    """The permissions on a topic; deleting them restores AWS's default policy."""

    token = "aws:sns/topicPolicy:TopicPolicy"
    identity = ("arn",)
    properties = {"arn": string(required=True, replaces=True), "policy": policy(required=True), "owner": output()}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["arn"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._set(aws, inputs["arn"], inputs["policy"])
        return str(inputs["arn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._set(aws, id_, inputs["policy"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        answer = fetch_or_none(aws.client("sns").get_topic_attributes, TopicArn=id_)
        text_ = answer and answer["Attributes"].get("Policy")
        return {"arn": id_, "policy": text_, "owner": aws.account} if text_ else None

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            self._set(aws, id_, _default_policy(aws, id_))

    def _set(self, aws: Aws, arn: str, document: str) -> None:
        aws.client("sns").set_topic_attributes(TopicArn=arn, AttributeName="Policy", AttributeValue=document)


class TopicSubscription(Resource):
    """A subscription. An e-mail address stays unconfirmed until its owner agrees."""

    token = "aws:sns/topicSubscription:TopicSubscription"
    identity = ("topic", "protocol", "endpoint")
    properties = {
        "topic": string(required=True, replaces=True),
        "protocol": string(required=True, replaces=True),
        "endpoint": string(required=True, replaces=True),
        "rawMessageDelivery": boolean(),
        "filterPolicy": policy(),
        "filterPolicyScope": string("MessageAttributes", "MessageBody", default=CHOSEN_BY_AWS),
        "redrivePolicy": policy(),
        "confirmationTimeoutInMinutes": number(1, default=1, write_only=True),
        "endpointAutoConfirms": boolean(write_only=True),
        "arn": output(),
        "ownerId": output(),
        "pendingConfirmation": output(),
        "confirmationWasAuthenticated": output(),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        answer = fetch_or_none(aws.client("sns").list_subscriptions_by_topic, TopicArn=inputs["topic"]) or {}
        for fact in answer.get("Subscriptions", ()):
            if (fact["Protocol"], fact["Endpoint"]) == (inputs["protocol"], inputs["endpoint"]):
                return str(fact["SubscriptionArn"])
        return None

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("sns").subscribe(
            TopicArn=inputs["topic"],
            Protocol=inputs["protocol"],
            Endpoint=inputs["endpoint"],
            ReturnSubscriptionArn=True,
        )
        return str(created["SubscriptionArn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client, actual = aws.client("sns"), self.read(aws, id_) or {}
        for name, attribute, reset in (
            ("rawMessageDelivery", "RawMessageDelivery", False),
            ("filterPolicyScope", "FilterPolicyScope", None),
            ("filterPolicy", "FilterPolicy", "{}"),
            ("redrivePolicy", "RedrivePolicy", ""),
        ):
            shape = self.properties[name].schema
            wanted = inputs.get(name, reset if name in old else None)
            if wanted is not None and shape.canonical(wanted) != shape.canonical(actual.get(name)):
                value = str(wanted).lower() if isinstance(wanted, bool) else str(wanted)
                client.set_subscription_attributes(SubscriptionArn=id_, AttributeName=attribute, AttributeValue=value)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        answer = fetch_or_none(aws.client("sns").get_subscription_attributes, SubscriptionArn=id_)
        if answer is None:
            return None
        facts = answer["Attributes"]
        return {
            "arn": id_,
            "topic": facts["TopicArn"],
            "protocol": facts["Protocol"],
            "endpoint": facts["Endpoint"],
            "rawMessageDelivery": facts.get("RawMessageDelivery") == "true",
            "filterPolicy": _unless_empty(facts.get("FilterPolicy")),
            "filterPolicyScope": facts.get("FilterPolicyScope"),
            "redrivePolicy": facts.get("RedrivePolicy") or None,
            "ownerId": facts.get("Owner", aws.account),
            "pendingConfirmation": facts.get("PendingConfirmation") == "true",
            "confirmationWasAuthenticated": facts.get("ConfirmationWasAuthenticated") == "true",
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("sns").unsubscribe(SubscriptionArn=id_)


def _unless_empty(document: str | None) -> str | None:
    return document if document and document != "{}" else None


def _default_policy(aws: Aws, topic: str) -> str:
    statement = {
        "Sid": "__default_statement_ID",
        "Effect": "Allow",
        "Principal": {"AWS": "*"},
        "Action": ["SNS:GetTopicAttributes", "SNS:SetTopicAttributes", "SNS:Subscribe", "SNS:Publish"],
        "Resource": topic,
        "Condition": {"StringEquals": {"AWS:SourceOwner": aws.account}},
    }
    return json.dumps({"Version": "2008-10-17", "Id": "__default_policy_ID", "Statement": [statement]})
