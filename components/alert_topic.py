"""The SNS topic that alarms and failed executions notify."""

from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from .aws.deployment_context import DeploymentContext
from .aws.eventbridge import alert_on_key_changes
from .aws.kms import ALARMS, EVENTS, encryption_key
from .base import Arguments, Component, Shared, tags_of


class AlertTopicArgs(TypedDict):
    """Arguments of an alert topic."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of the KMS key for the messages, which CloudWatch and EventBridge must be allowed to use. Default: a key of
    its own."""
    email: NotRequired[str]
    """E-mail address that is invited to subscribe. Default: nobody is subscribed."""
    key_deletion_days: NotRequired[float]
    """Days during which the deletion of a key of its own can be cancelled, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of all its resources except IAM roles. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags in addition to project, stage and component. Default: none."""


class AlertTopic(Component):
    """An encrypted SNS topic that only CloudWatch alarms and EventBridge rules of this account publish to."""

    arn: pulumi.Output[str]
    """ARN of the topic."""

    def __init__(self, name: str, args: AlertTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:AlertTopic", name, args, opts)
        arguments = Arguments("AlertTopic", name, args, AlertTopicArgs)
        deletion_window_days = arguments.integer("key_deletion_days", 30, 7, 30, "days")
        arguments.raise_if_invalid()
        tags = tags_of(name, args.get("tags"))
        key = encryption_key(
            f"{name}-key",
            args.get("key"),
            encrypts="alerts",
            parent=self,
            tags=tags,
            deletion_window_days=deletion_window_days,
            services=(ALARMS, EVENTS),
        )
        topic = aws.sns.Topic(
            f"{name}-topic", kms_master_key_id=key, tags=tags, opts=pulumi.ResourceOptions(parent=self)
        )
        self.arn = self._allow_publishers(name, topic)
        self._subscribe(name, topic, args.get("email"))
        if args.get("key") is None:
            shared = Shared(parent=self, tags=tags, key=key, topic=self.arn)
            alert_on_key_changes(f"{name}-key-changes", key, shared)
        self.register_outputs({"arn": self.arn})

    def _allow_publishers(self, name: str, topic: aws.sns.Topic) -> pulumi.Output[str]:
        """Return the ARN once the policy is attached, so that no alarm fires before it may publish."""
        context = DeploymentContext.of(self)
        statements = [_allow_alarms(topic.arn, context), _allow_events(topic.arn, context), _require_tls(topic.arn)]
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
        attached = aws.sns.TopicPolicy(
            f"{name}-policy", arn=topic.arn, policy=policy, opts=pulumi.ResourceOptions(parent=self)
        )
        arn: pulumi.Output[str] = attached.arn
        return arn

    def _subscribe(self, name: str, topic: aws.sns.Topic, email: str | None) -> None:
        if email:
            aws.sns.TopicSubscription(
                f"{name}-email",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=pulumi.ResourceOptions(parent=self),
            )


def _allow_alarms(topic: pulumi.Output[str], context: DeploymentContext) -> dict[str, object]:
    same_account = {"StringEquals": {"aws:SourceAccount": context.account}}
    return _allow("Alarms", f"{ALARMS}.amazonaws.com", topic) | {"Condition": same_account}


def _allow_events(topic: pulumi.Output[str], context: DeploymentContext) -> dict[str, object]:
    """Allow EventBridge for rules of this account and region: a topic exists before the rules that notify it."""
    same_account_rules = {
        "StringEquals": {"aws:SourceAccount": context.account},
        "ArnLike": {"aws:SourceArn": context.arn(EVENTS, "rule/*")},
    }
    return _allow("Events", f"{EVENTS}.amazonaws.com", topic) | {"Condition": same_account_rules}


def _allow(sid: str, service: str, topic: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Sid": f"{sid}MayPublish",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
    }


def _require_tls(topic: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
