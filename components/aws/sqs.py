"""SQS queues for messages that need attention: encrypted, over TLS only, with an alarm on every visible message."""

from typing import Final

import pulumi
import pulumi_aws as aws

from ..base import Shared
from .alarms import Alarm, Metric
from .deployment_context import DeploymentContext
from .iam import join, statement

FOURTEEN_DAYS = 1_209_600

MAX_RECEIVES: Final = 1000
"""Receives after which a message moves to the dead-letter queue: SQS's maximum.

Reconcile receives every five minutes, which leaves three days to fix a bucket that rejects records.
"""


def monitored_queue(
    name: str,
    shared: Shared,
    *,
    meaning: str,
    slug: str,
    dead_letter_queue: aws.sqs.Queue | None = None,
    attempts: int = MAX_RECEIVES,
    sender: str | None = None,
) -> aws.sqs.Queue:
    """Create a queue whose alarm `slug` fires while a message is visible in it.

    A message that was received `attempts` times without being deleted moves to `dead_letter_queue`. An AWS service that
    is the `sender` may put messages into the queue for this account.
    """
    queue = aws.sqs.Queue(
        name,
        kms_master_key_id=shared.key,
        message_retention_seconds=FOURTEEN_DAYS,
        redrive_policy=_redrive(dead_letter_queue, attempts),
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )
    aws.sqs.QueuePolicy(
        f"{name}-policy",
        queue_url=queue.url,
        policy=_policy(queue.arn, sender, shared.parent),
        opts=pulumi.ResourceOptions(parent=queue),
    )
    visible = Metric(
        namespace="AWS/SQS",
        name="ApproximateNumberOfMessagesVisible",
        statistic="Maximum",
        dimensions={"QueueName": queue.name},
        period_seconds=60,
    )
    Alarm(slug=slug, meaning=meaning, metric=visible, threshold=0).create(f"{name}-waiting", shared.below(queue))
    return queue


def work_queue(
    name: str, shared: Shared, *, seconds: int, keep_seconds: int, attempts: int, dead_letter_queue: aws.sqs.Queue
) -> aws.sqs.Queue:
    """Create a queue for a function that takes up to `seconds` per batch.

    A message that was received `attempts` times without being deleted moves to `dead_letter_queue`. Messages stay
    invisible for six times `seconds`, because Lambda itself retries a throttled batch. Source: Lambda developer guide,
    "Using Lambda with Amazon SQS".
    """
    queue = aws.sqs.Queue(
        name,
        kms_master_key_id=shared.key,
        visibility_timeout_seconds=6 * seconds,
        message_retention_seconds=keep_seconds,
        redrive_policy=_redrive(dead_letter_queue, attempts),
        tags=shared.tags,
        opts=pulumi.ResourceOptions(parent=shared.parent),
    )
    aws.sqs.QueuePolicy(
        f"{name}-policy",
        queue_url=queue.url,
        policy=_policy(queue.arn, None, shared.parent),
        opts=pulumi.ResourceOptions(parent=queue),
    )
    return queue


def grant_send(queue: aws.sqs.Queue, key: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """Allow sending messages to `queue`."""
    return join(
        statement(sid, ["sqs:SendMessage"], [queue.arn]),
        statement(f"{sid}Key", ["kms:Decrypt", "kms:GenerateDataKey"], [key]),
    )


def grant_drain(queue: aws.sqs.Queue, key: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """Allow receiving and deleting messages of `queue`."""
    return join(
        statement(sid, ["sqs:ReceiveMessage", "sqs:DeleteMessage"], [queue.arn]),
        statement(f"{sid}Key", ["kms:Decrypt"], [key]),
    )


def grant_take(queue: aws.sqs.Queue, key: pulumi.Input[str], sid: str) -> pulumi.Output[str]:
    """Allow Lambda to receive messages from `queue` on behalf of a function."""
    actions = ["sqs:ReceiveMessage", "sqs:DeleteMessage", "sqs:GetQueueAttributes"]
    return join(statement(sid, actions, [queue.arn]), statement(f"{sid}Key", ["kms:Decrypt"], [key]))


def _redrive(dead_letter_queue: aws.sqs.Queue | None, attempts: int) -> pulumi.Output[str] | None:
    if dead_letter_queue is None:
        return None
    return pulumi.Output.json_dumps({"deadLetterTargetArn": dead_letter_queue.arn, "maxReceiveCount": attempts})


def _policy(queue: pulumi.Output[str], sender: str | None, parent: pulumi.Resource) -> pulumi.Output[str]:
    """Deny requests without TLS, and let a service send messages for this account."""
    deny: dict[str, object] = {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sqs:*",
        "Resource": queue,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }
    statements = [deny] if sender is None else [deny, _send_statement(queue, sender, parent)]
    return pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})


def _send_statement(queue: pulumi.Output[str], sender: str, parent: pulumi.Resource) -> dict[str, object]:
    return {
        "Sid": "ServiceMaySend",
        "Effect": "Allow",
        "Principal": {"Service": f"{sender}.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": queue,
        "Condition": {"StringEquals": {"aws:SourceAccount": DeploymentContext.of(parent).account}},
    }
