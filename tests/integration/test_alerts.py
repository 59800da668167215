"""Failures reach the alert topic, without personal data."""

import json
import time
from collections.abc import Iterator
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.integration.shop import purchase

_GIVE_UP_SECONDS = 900
"""Ends a test that waits for what never comes; what comes takes a second or two."""


@pytest.fixture
def pager(shop: DeployedStack) -> Iterator[str]:
    """The URL of a queue that is subscribed to the alert topic, as a team's pager would be."""
    queues, topics = shop.client("sqs"), shop.client("sns")
    url = queues.create_queue(QueueName="pager")["QueueUrl"]
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
    yield url
    topics.unsubscribe(SubscriptionArn=subscribed["SubscriptionArn"])
    queues.delete_queue(QueueUrl=url)


def wait_for_alert(shop: DeployedStack, url: str, *words: str) -> str:
    """Return the first alert that contains all of `words`, once it arrives."""
    end, seen = time.monotonic() + _GIVE_UP_SECONDS, list[Any]()
    while time.monotonic() < end:
        for message in shop.client("sqs").receive_message(QueueUrl=url, WaitTimeSeconds=1).get("Messages", []):
            seen.append(json.loads(message["Body"]))
            if all(word in seen[-1]["Message"] for word in words):
                return str(seen[-1]["Message"])
    raise AssertionError(f"no alert with {words} arrived; these did: {seen}")


def count_messages(shop: DeployedStack, name: str) -> int:
    """Return the number of messages in a queue, as its own attribute gives it."""
    queues = shop.client("sqs")
    url = queues.get_queue_url(QueueName=name)["QueueUrl"]
    asked = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["ApproximateNumberOfMessages"])
    return int(asked["Attributes"]["ApproximateNumberOfMessages"])


def publish_queue_metric(shop: DeployedStack, name: str) -> int:
    """Tell CloudWatch how many messages a queue holds, as SQS does in AWS and not here, and return the number."""
    visible = count_messages(shop, name)
    metric = {
        "MetricName": "ApproximateNumberOfMessagesVisible",
        "Dimensions": [{"Name": "QueueName", "Value": name}],
        "Value": float(visible),
    }
    shop.client("cloudwatch").put_metric_data(Namespace="AWS/SQS", MetricData=[metric])
    return visible


def test_a_failed_execution_reaches_the_alert_topic_without_its_input(shop: DeployedStack, pager: str) -> None:
    """The message names the execution and what to do; personal data must not travel by mail."""
    execution = shop.run(purchase("alert-1", payment_method="pm_timeout"))
    assert execution.status == "FAILED"
    message = wait_for_alert(shop, pager, execution.arn)
    assert "FAILED" in message
    assert "docs/how-to/runbook.md#executions-failed" in message
    assert "customer-1" not in message


def test_the_alarm_of_the_parking_queue_fires_on_a_message_and_reaches_the_alert_topic(
    shop: DeployedStack, pager: str
) -> None:
    """It is silent while the queue is empty."""
    queue = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    assert publish_queue_metric(shop, queue) == 0
    shop.client("sqs").send_message(QueueUrl=shop.outputs["parkingQueueUrl"], MessageBody="{}")
    assert publish_queue_metric(shop, queue) == 1
    message = json.loads(wait_for_alert(shop, pager, "booking-parking-waiting", '"ALARM"'))
    assert message["NewStateValue"] == "ALARM"
    assert "docs/how-to/runbook.md#parking" in message["AlarmDescription"]
    shop.client("sqs").purge_queue(QueueUrl=shop.outputs["parkingQueueUrl"])


def test_an_event_that_a_function_fails_to_handle_ends_in_its_dead_letter_queue(shop: DeployedStack) -> None:
    """Each dead-letter queue has an alarm on that very queue, which notifies the alert topic."""
    shop.client("lambda").invoke(
        FunctionName=shop.outputs["reconcileFunction"], InvocationType="Event", Payload=b'{"schema": 1, "limit": -1}'
    )
    names = [url.rpartition("/")[2] for url in shop.client("sqs").list_queues()["QueueUrls"]]
    ours = [name for name in names if name.startswith("booking-") and "dead-letters" in name]
    [dead] = [name for name in ours if "-reconcile-" in name]
    end = time.monotonic() + _GIVE_UP_SECONDS
    while count_messages(shop, dead) == 0 and time.monotonic() < end:
        time.sleep(0.1)
    assert count_messages(shop, dead) == 1
    pages = shop.client("cloudwatch").get_paginator("describe_alarms").paginate()
    watching = {
        alarm["Dimensions"][0]["Value"]: alarm["AlarmActions"]
        for page in pages
        for alarm in page["MetricAlarms"]
        if alarm.get("MetricName") == "ApproximateNumberOfMessagesVisible"
    }
    parking = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    assert watching == {name: [shop.outputs["alertTopicArn"]] for name in (*ours, parking)}
