"""Failures reach the alert topic, without personal data."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import purchase

_TIMEOUT_SECONDS = 900
"""The limit of a wait for messages that never arrive; messages normally take a second or two."""


@pytest.fixture
def pager(shop: DeployedStack) -> Iterator[str]:
    """Subscribe a queue to the alert topic, like a team's pager, and return its URL."""
    queues, topics = shop.client("sqs"), shop.client("sns")
    url = queues.create_queue(QueueName="pager")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    statement = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [statement]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscription = topics.subscribe(TopicArn=shop.outputs["alertTopicArn"], Protocol="sqs", Endpoint=arn)
    yield url
    topics.unsubscribe(SubscriptionArn=subscription["SubscriptionArn"])
    queues.delete_queue(QueueUrl=url)


def wait_for_alert(shop: DeployedStack, url: str, *words: str) -> str:
    """Return the first alert that contains all of `words`, once it arrives."""
    end, received = time.monotonic() + _TIMEOUT_SECONDS, list[Any]()
    while time.monotonic() < end:
        for message in shop.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            received.append(json.loads(message["Body"]))
            if all(word in received[-1]["Message"] for word in words):
                return str(received[-1]["Message"])
    raise AssertionError(f"no alert with {words} arrived; these did: {received}")


def count_messages(shop: DeployedStack, name: str) -> int:
    """Return the number of messages in a queue from its attribute."""
    queues = shop.client("sqs")
    url = queues.get_queue_url(QueueName=name)["QueueUrl"]
    attributes = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(attributes["Attributes"]["ApproximateNumberOfMessages"])


def publish_queue_metric(shop: DeployedStack, name: str) -> int:
    """Publish the number of messages in a queue to CloudWatch, as SQS does in AWS, and return it."""
    visible = count_messages(shop, name)
    metric = {
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": name}],
        "Value": float(visible),
    }
    shop.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
    return visible


def test_a_failed_execution_reaches_the_alert_topic_without_its_input(shop: DeployedStack, pager: str) -> None:
    """The message names the execution and the runbook section; e-mails must not contain personal data."""
    execution = shop.run(purchase("alert-1", payment_method="pm_timeout"))
    assert execution.status == "FAILED"
    message = wait_for_alert(shop, pager, execution.arn)
    assert "FAILED" in message
    assert "docs/how-to/runbook.md#executions-failed" in message
    assert "customer-1" not in message


def test_the_alarm_of_the_parking_queue_fires_on_a_message_and_reaches_the_alert_topic(
    shop: DeployedStack, pager: str
) -> None:
    """It does not fire while the queue is empty."""
    queue = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    assert publish_queue_metric(shop, queue) == 0
    shop.client("sqs").send_message(QueueUrl=shop.outputs["parkingQueueUrl"], MessageBody="{}")
    assert publish_queue_metric(shop, queue) == 1
    message = json.loads(wait_for_alert(shop, pager, "booking-parking-waiting", '"ALARM"'))
    assert message["NewStateValue"] == "ALARM"
    assert "docs/how-to/runbook.md#parking" in message["AlarmDescription"]
    shop.client("sqs").purge_queue(QueueUrl=shop.outputs["parkingQueueUrl"])


def test_an_event_that_a_function_fails_to_handle_ends_in_its_dead_letter_queue(shop: DeployedStack) -> None:
    """Each dead-letter queue has its own alarm, which notifies the alert topic."""
    shop.client("lambda").invoke(
        FunctionName=shop.outputs["reconcileFunction"], InvocationType="Event", Payload=b'{"schema": 1, "limit": -1}'
    )
    names = [url.rpartition("/")[2] for url in shop.client("sqs").list_queues()["QueueUrls"]]
    dead_letter_queues = [name for name in names if name.startswith("booking-") and "dead-letters" in name]
    [dead] = [name for name in dead_letter_queues if "-reconcile-" in name]
    end = time.monotonic() + _TIMEOUT_SECONDS
    while count_messages(shop, dead) == 0 and time.monotonic() < end:
        time.sleep(0.1)
    assert count_messages(shop, dead) == 1
    pages = shop.client("cloudwatch").get_paginator("describe_alarms").paginate()
    watched_queues = {
        alarm["Dimensions"][0]["Value"]: alarm["AlarmActions"]
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    parking = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    assert watched_queues == {name: [shop.outputs["alertTopicArn"]] for name in (*dead_letter_queues, parking)}
