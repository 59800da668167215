"""What goes wrong reaches the alert topic, and without anybody's data."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import purchase

_PATIENCE_SECONDS = 30


@pytest.fixture
def heard(shop: DeployedStack) -> Iterator[list[str]]:
    """The URL of a queue that is subscribed to the alert topic, as a team's pager would be."""
    queues, topics = shop.client("sqs"), shop.client("sns")
    url = queues.create_queue(QueueName=f"pager-{time.monotonic_ns()}")["QueueUrl"]
    arn = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["QueueArn"])["Attributes"]["QueueArn"]
    may = {
        "Effect": "Allow",
        "Principal": {"Service": "sns.amazonaws.com"},
        "Action": "sqs:SendMessage",
        "Resource": arn,
    }
    policy = json.dumps({"Version": "2012-10-17", "Statement": [may]})
    queues.set_queue_attributes(QueueUrl=url, Attributes={"Policy": policy})
    subscribed = topics.subscribe(TopicArn=shop.outputs["alertTopicArn"], Protocol="sqs", Endpoint=arn)
    yield [url]
    topics.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    queues.delete_queue(QueueUrl=url)


def told(shop: DeployedStack, url: str, word: str) -> str:
    """The first message with `word` in it."""
    end, seen = time.monotonic() + _PATIENCE_SECONDS, list[Any]()
    while time.monotonic() < end:
        for message in shop.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            if word in seen[-1]["Message"]:
                return str(seen[-1]["Message"])
    raise AssertionError(f"nothing about {word!r} was told within {_PATIENCE_SECONDS} s; heard: {seen}")


def test_a_failed_execution_reaches_the_alert_topic_without_its_input(shop: DeployedStack, heard: list[str]) -> None:
    """The message names the execution and what to do; personal data has no place in a mail."""
    execution = shop.run(purchase("alert-1", payment_method="pm_timeout"))
    assert execution.status == "FAILED"
    message = told(shop, heard[0], execution.arn)
    assert "FAILED" in message
    assert "docs/runbook.md#executions-failed" in message
    assert "customer-1" not in message


def test_the_alarm_of_a_dead_letter_queue_reaches_the_alert_topic(shop: DeployedStack, heard: list[str]) -> None:
    """The embedded AWS sends no queue metrics of its own, so the metric is set by hand; alarm and action are real."""
    queue = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    metric = {
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": queue}],
        "Value": 1.0,
    }
    shop.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
    message = json.loads(told(shop, heard[0], "booking-parking-waiting"))
    assert message["NewStateValue"] == "ALARM"
    assert "docs/runbook.md#parking" in message["AlarmDescription"]
