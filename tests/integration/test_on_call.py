"""On-call exercises: break something, wait for the alarm, follow its runbook section, and check that it is resolved."""

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from local.pytest_plugin import DeployedStack
from tests.components.test_runbook import sections
from tests.integration.shop import audit_keys, order, purchase
from tests.integration.test_alerts import count_messages, pager, publish_queue_metric, wait_for_alert

__all__ = ["pager"]

pytestmark = pytest.mark.nightly


@contextmanager
def reject_audit_writes(shop: DeployedStack) -> Iterator[None]:
    """Deny every put into the audit bucket, as if somebody had changed its policy, and restore it after the block."""
    s3, bucket = shop.client("s3"), shop.outputs["auditBucket"]
    policy = s3.get_bucket_policy(Bucket=bucket)["Policy"]
    document = json.loads(policy)
    statement = {
        "Sid": "ByHand",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "s3:PutObject",
        "Resource": f"arn:aws:s3:::{bucket}/*",
    }
    document["Statement"].append(statement)
    s3.put_bucket_policy(Bucket=bucket, Policy=json.dumps(document))
    try:
        yield
    finally:
        s3.put_bucket_policy(Bucket=bucket, Policy=policy)


def publish_logged_metrics(shop: DeployedStack, function: str, since: float) -> dict[str, float]:
    """Publish the metrics in a function's log lines, as CloudWatch does in AWS, and return them."""
    group = shop.client("lambda").get_function_configuration(FunctionName=shop.outputs[function])["LoggingConfig"]
    events = shop.client("logs").filter_log_events(logGroupName=group["LogGroup"], startTime=int(since * 1000))
    values = dict[str, float]()
    for line in (json.loads(each["message"]) for each in events["events"] if '"_aws"' in each["message"]):
        for directive in line["_aws"]["CloudWatchMetrics"]:
            for name in (metric["Name"] for metric in directive["Metrics"]):
                values[name] = values.get(name, 0) + line[name]
    data = [{"MetricName": name, "Value": value} for name, value in values.items()]
    shop.client("cloudwatch").put_metric_data(Namespace="Booking", MetricData=data)
    return values


@contextmanager
def make_messages_visible_at_once(shop: DeployedStack) -> Iterator[None]:
    """Let messages of the parking queue be received again immediately instead of after half a minute."""
    queues, url = shop.client("sqs"), shop.outputs["parkingQueueUrl"]
    previous = queues.get_queue_attributes(QueueUrl=url, AttributeNames=["VisibilityTimeout"])["Attributes"]
    queues.set_queue_attributes(QueueUrl=url, Attributes={"VisibilityTimeout": "0"})
    try:
        yield
    finally:
        queues.set_queue_attributes(QueueUrl=url, Attributes=previous)


def test_a_bucket_that_rejects_records_triggers_alarms_and_loses_nothing(shop: DeployedStack, pager: str) -> None:
    """Law 23 (audit): results stay parked, money is settled, two alarms fire, and the repaired bucket gets all."""
    queue = str(shop.outputs["parkingQueueUrl"]).rpartition("/")[2]
    unanswered = shop.run(purchase("on-call-silent", payment_method="pm_timeout")).result["order_id"]
    before = set(audit_keys(shop))
    with make_messages_visible_at_once(shop):
        with reject_audit_writes(shop):
            bought = shop.run(purchase("on-call-1", {"MUG": 1}))  # repeating a purchase would open a case
            assert (bought.status, bought.result["code"]) == ("FAILED", "NOT_RECORDED")
            assert publish_queue_metric(shop, queue) == 1
            wait_for_alert(shop, pager, "booking-parking-waiting", '"ALARM"', "runbook.md#parking")
            began = time.time()
            report = shop.invoke("reconcileFunction", {"schema": 1})
            assert unanswered in report["settled"]
            assert order(shop, unanswered)["status"] == "CONFIRMED"
            assert "The audit bucket rejected" in report["left_to_people"][0]
            assert publish_logged_metrics(shop, "reconcileFunction", began)["LeftToPeople"] > 0
            wait_for_alert(shop, pager, "base-left-to-people", '"ALARM"', "runbook.md#left-to-people")
        assert count_messages(shop, queue) == 1
        assert set(audit_keys(shop)) == before
        assert shop.invoke("reconcileFunction", {"schema": 1})["left_to_people"] == []
    assert count_messages(shop, queue) == 0
    assert len(set(audit_keys(shop)) - before) == 2


_SHORT_SECONDS = 5
"""The time left in an alarm's window when its breaching value is published, so that the alarm clears soon."""
Alarm = dict[str, Any]


def is_evaluated(alarm: Alarm) -> bool:
    """Return whether the embedded AWS evaluates an alarm: it supports neither expressions nor missing data."""
    return "MetricName" in alarm and alarm["ComparisonOperator"] != "LessThanThreshold"


def trigger_alarm(shop: DeployedStack, alarm: Alarm) -> None:
    """Publish a value that breaches an alarm near the end of its window, or set its state if it is not evaluated.

    The value is large, because percentiles include the values of earlier tests.
    """
    if is_evaluated(alarm):
        window = alarm["Period"] * alarm["EvaluationPeriods"]
        publish(
            shop, alarm, 1000 * (alarm["Threshold"] + 1), datetime.now(UTC) - timedelta(seconds=window - _SHORT_SECONDS)
        )
    else:
        set_state(shop, alarm, "ALARM")


def clear_alarm(shop: DeployedStack, alarm: Alarm) -> None:
    """Publish a value that does not breach an alarm, after the breaching one has left its window."""
    if is_evaluated(alarm):
        publish(shop, alarm, 0, datetime.now(UTC))
    else:
        set_state(shop, alarm, "OK")


def set_state(shop: DeployedStack, alarm: Alarm, state: str) -> None:
    """Set an alarm's state, as `booking doctor --test-alarm` does."""
    shop.client("cloudwatch").set_alarm_state(AlarmName=alarm["AlarmName"], StateValue=state, StateReason="exercise")


def publish(shop: DeployedStack, alarm: Alarm, value: float, at: datetime) -> None:
    """Publish one value of the metric that an alarm watches."""
    metric = {"MetricName": alarm["MetricName"], "Dimensions": alarm["Dimensions"], "Value": value, "Timestamp": at}
    shop.client("cloudwatch").put_metric_data(Namespace=alarm["Namespace"], MetricData=[metric])


@dataclass(frozen=True)
class PagerInbox:
    """The alarms that a pager has received, by name and new state, with their descriptions."""

    shop: DeployedStack
    url: str
    messages: dict[tuple[str, str], str] = field(default_factory=dict[tuple[str, str], str])

    def wait(self, state: str, names: set[str]) -> list[str]:
        """Wait until all alarms have been received in a state, and return their descriptions."""
        queues, end = self.shop.client("sqs"), time.monotonic() + 60
        expected = {(name, state) for name in names}
        while not expected <= self.messages.keys() and time.monotonic() < end:
            reply = queues.receive_message(QueueUrl=self.url, WaitTimeSeconds=1, MaxNumberOfMessages=10)
            for each in reply.get("Messages", []):
                queues.delete_message(QueueUrl=self.url, ReceiptHandle=each["ReceiptHandle"])
                alarm = json.loads(json.loads(each["Body"])["Message"])
                self.messages[alarm["AlarmName"], alarm["NewStateValue"]] = alarm["AlarmDescription"]
        assert expected - self.messages.keys() == set()
        return [self.messages[each] for each in expected]


def test_every_alarm_reaches_the_pager_with_its_section_and_clears(shop: DeployedStack, pager: str) -> None:
    """Each message names its runbook section, and the end of each alarm is also sent.

    Alarms on metrics with the same name fire together, because the embedded AWS ignores dimensions.
    """
    pages = shop.client("cloudwatch").get_paginator("describe_alarms").paginate()
    alarms = [alarm for page in pages for alarm in page["MetricAlarms"]]
    assert len(alarms) > 60
    groups = dict[str, list[Alarm]]()
    for alarm in alarms:
        set_state(shop, alarm, "OK")
        group_key = f"{alarm['Namespace']} {alarm['MetricName']}" if is_evaluated(alarm) else alarm["AlarmName"]
        groups.setdefault(group_key, []).append(alarm)
    headings, inbox = {heading for heading, _ in sections()}, PagerInbox(shop, pager)
    for group_key, group in groups.items():
        began = time.monotonic()
        trigger_alarm(shop, max(group, key=lambda alarm: alarm["Threshold"]))
        descriptions = inbox.wait("ALARM", {alarm["AlarmName"] for alarm in group})
        print(f"{time.monotonic() - began:6.1f} s  {group_key}: {len(group)} alarms")
        assert {each.rpartition("docs/how-to/runbook.md#")[2] for each in descriptions} <= headings
    inbox.messages.clear()
    time.sleep(_SHORT_SECONDS)
    for group in groups.values():
        clear_alarm(shop, group[0])
        for alarm in group:
            set_state(shop, alarm, "OK")  # for alarms that values of earlier tests keep active
    inbox.wait("OK", {alarm["AlarmName"] for alarm in alarms})
