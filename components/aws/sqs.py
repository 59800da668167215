"""Queues for what could not be delivered: encrypted, over TLS only, with an alarm on anything that lies in them."""

import pulumi
import pulumi_aws as aws

from .alarms import Alarm, Metric
from .iam import joined, statement

FOURTEEN_DAYS = 1_209_600


def waiting_queue(
    name: str,
    *,
    key: pulumi.Input[str],
    topic: pulumi.Input[str],
    meaning: str,
    slug: str,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
    overflow: aws.sqs.Queue | None = None,
    tries: int = 10,
) -> aws.sqs.Queue:
    """A queue that somebody must look after: the alarm `slug` rings while a message is visible in it.

    A message that was received `tries` times without being deleted moves to `overflow`.
    """
    queue = aws.sqs.Queue(
        name,
        kms_master_key_id=key,
        message_retention_seconds=FOURTEEN_DAYS,
        redrive_policy=_redrive(overflow, tries),
        tags=tags,
        opts=pulumi.ResourceOptions(parent=parent),
    )
    aws.sqs.QueuePolicy(
        f"{name}-policy",
        queue_url=queue.url,
        policy=_over_tls_only(queue.arn),
        opts=pulumi.ResourceOptions(parent=queue),
    )
    visible = Metric(
        namespace="AWS/SQS",
        name="ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
        dimensions={"QueueName": queue.name},
        period_seconds=60,
    )
    waiting = Alarm(slug=slug, meaning=meaning, metric=visible, threshold=0)
    waiting.raise_to(topic, name=f"{name}-waiting", parent=queue, tags=tags)
    return queue


def grant_send(queue: aws.sqs.Queue, key: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """To put messages into `queue`."""
    return joined(
        statement(sid, ["sqs:SendMessage"], [queue.arn]),
        statement(f"{sid}Key", ["kms:Decrypt", "kms:GenerateDataKey"], [key]),
    )


def grant_drain(queue: aws.sqs.Queue, key: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """To take messages out of `queue`."""
    return joined(
        statement(sid, ["sqs:ReceiveMessage", "sqs:DeleteMessage"], [queue.arn]),
        statement(f"{sid}Key", ["kms:Decrypt"], [key]),
    )


def _redrive(overflow: aws.sqs.Queue | None, tries: int) -> pulumi.Output[str] | None:
    if overflow is None:
        return None
    return pulumi.Output.json_dumps({"deadLetterTargetArn": overflow.arn, "maxReceiveCount": tries})


def _over_tls_only(queue: pulumi.Output[str]) -> pulumi.Output[str]:
    deny = {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": [deny]})
