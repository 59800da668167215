"""The topic that people are called by, and alarms that always have an action and a section in the runbook."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import NotRequired, TypedDict

import pulumi
import pulumi_aws as aws

from ..arguments import Arguments
from ..base import Component
from .deployment_context import Surroundings, tags_of
from .kms import ALARMS, EVENTS, encryption_key

RUNBOOK = "docs/how-to/runbook.md"


@dataclass(frozen=True, slots=True, kw_only=True)
class Metric:
    """One statistic of one metric over `period_seconds`."""

    namespace: str
    name: str
    statistic: str = "Sum"
    dimensions: dict[str, pulumi.Input[str]] = field(default_factory=dict[str, pulumi.Input[str]])
    period_seconds: int = 300


@dataclass(frozen=True, slots=True, kw_only=True)
class Alarm:
    """What is wrong when it rings (`meaning`, one sentence), and when it rings.

    `slug` names its section in the runbook. With `percent_of`, the threshold is a percentage of that metric; with
    `added`, it is one for the sum of `metric` and of these.
    """

    slug: str
    meaning: str
    metric: Metric
    threshold: float
    percent_of: Metric | None = None
    added: Sequence[Metric] = ()
    periods: int = 1

    def raise_to(
        self,
        topic: pulumi.Input[str],
        *,
        name: str,
        parent: pulumi.Resource,
        tags: dict[str, pulumi.Input[str]],
    ) -> aws.cloudwatch.MetricAlarm:
        """Create the alarm; it rings above the threshold and tells `topic` both when it begins and when it is over."""
        single = None if self.percent_of or self.added else self.metric
        percentile = single is not None and single.statistic.startswith("p")
        return aws.cloudwatch.MetricAlarm(
            name,
            alarm_description=f"{self.meaning} What to do: {RUNBOOK}#{self.slug}",
            namespace=single and single.namespace,
            metric_name=single and single.name,
            dimensions=single and single.dimensions,
            period=single and single.period_seconds,
            statistic=single.statistic if single and not percentile else None,
            extended_statistic=single.statistic if single and percentile else None,
            metric_queries=self._queries(),
            comparison_operator="GreaterThanThreshold",
            threshold=self.threshold,
            evaluation_periods=self.periods,
            treat_missing_data="notBreaching",
            alarm_actions=[topic],
            ok_actions=[topic],
            tags=tags,
            opts=pulumi.ResourceOptions(parent=parent),
        )

    def _queries(self) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs] | None:
        if self.percent_of:
            return _rate(self.metric, self.percent_of)
        return _sum([self.metric, *self.added]) if self.added else None


def _sum(parts: Sequence[Metric]) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """All of them together; one that has nothing to say counts as zero. CloudWatch takes up to 10 in an alarm."""
    total = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="total", expression="SUM(FILL(METRICS(), 0))", label="total", return_data=True
    )
    return [total, *(_query(f"part{number}", part) for number, part in enumerate(parts, start=1))]


def _rate(part: Metric, whole: Metric) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """`part` in percent of `whole`."""
    rate = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="rate", expression="IF(whole > 0, 100 * part / whole, 0)", label="percent", return_data=True
    )
    return [rate, _query("part", part), _query("whole", whole)]


def _query(name: str, metric: Metric) -> aws.cloudwatch.MetricAlarmMetricQueryArgs:
    return aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id=name,
        metric=aws.cloudwatch.MetricAlarmMetricQueryMetricArgs(
            namespace=metric.namespace,
            metric_name=metric.name,
            dimensions=metric.dimensions,
            period=metric.period_seconds,
            stat=metric.statistic,
        ),
    )


class AlertTopicArgs(TypedDict):
    """What an alert topic needs to know."""

    key: NotRequired[pulumi.Input[str]]
    """ARN of a KMS key for the messages, which CloudWatch and EventBridge may use. Default: a key of its own."""
    email: NotRequired[str]
    """Address that is asked to subscribe. Default: nobody is subscribed."""
    key_deletion_days: NotRequired[float]
    """Days for which a deleted key of its own can be brought back, 7 to 30. Default: 30."""
    region: NotRequired[pulumi.Input[str]]
    """AWS region of everything in it but roles, which have none. Default: its parent's, else its provider's."""
    tags: NotRequired[dict[str, pulumi.Input[str]]]
    """Tags beyond project, stage and component. Default: none."""


class AlertTopic(Component):
    """An encrypted SNS topic that only CloudWatch alarms and EventBridge rules of this account publish to."""

    arn: pulumi.Output[str]
    """ARN of the topic."""

    def __init__(self, name: str, args: AlertTopicArgs, opts: pulumi.ResourceOptions | None = None) -> None:
        super().__init__("booking:index:AlertTopic", name, args, opts)
        given = Arguments("AlertTopic", name, args, AlertTopicArgs)
        window = given.whole("key_deletion_days", 30, 7, 30, "days")
        given.check()
        tags = tags_of(name, args.get("tags"))
        key = encryption_key(
            f"{name}-key",
            args.get("key"),
            what="alerts",
            parent=self,
            tags=tags,
            deletion_window_days=window,
            services=(ALARMS, EVENTS),
        )
        topic = aws.sns.Topic(
            f"{name}-topic", kms_master_key_id=key, tags=tags, opts=pulumi.ResourceOptions(parent=self)
        )
        self._let_in(name, topic)
        self._subscribe(name, topic, args.get("email"))
        self.arn = topic.arn
        self.register_outputs({"arn": self.arn})

    def _let_in(self, name: str, topic: aws.sns.Topic) -> None:
        here = Surroundings.of(self)
        statements = [_alarms(topic.arn, here), _events(topic.arn), _over_tls_only(topic.arn)]
        policy = pulumi.Output.json_dumps({"Version": "2012-10-17", "Statement": statements})
        aws.sns.TopicPolicy(f"{name}-policy", arn=topic.arn, policy=policy, opts=pulumi.ResourceOptions(parent=self))

    def _subscribe(self, name: str, topic: aws.sns.Topic, email: str | None) -> None:
        if email:
            aws.sns.TopicSubscription(
                f"{name}-email",
                topic=topic.arn,
                protocol="email",
                endpoint=email,
                opts=pulumi.ResourceOptions(parent=self),
            )


def _alarms(topic: pulumi.Output[str], here: Surroundings) -> dict[str, object]:
    only_ours = {"StringEquals": {"aws:SourceAccount": here.account}}
    return _publisher("Alarms", f"{ALARMS}.amazonaws.com", topic) | {"Condition": only_ours}


def _events(topic: pulumi.Output[str]) -> dict[str, object]:
    """EventBridge cannot publish to a topic whose policy puts a condition on it.

    Source: EventBridge user guide, "Using resource-based policies", Amazon SNS.
    """
    return _publisher("Events", f"{EVENTS}.amazonaws.com", topic)


def _publisher(sid: str, service: str, topic: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Sid": f"{sid}MayPublish",
        "Effect": "Allow",
        "Principal": {"Service": service},
        "Action": "sns:Publish",
        "Resource": topic,
    }


def _over_tls_only(topic: pulumi.Output[str]) -> dict[str, object]:
    return {
        "Sid": "OverTlsOnly",
        "Effect": "Deny",
        "Principal": "*",
        "Action": "sns:Publish",
        "Resource": topic,
        "Condition": {"Bool": {"aws:SecureTransport": "false"}},
    }


def alert_topic(
    name: str,
    given: pulumi.Input[str] | None,
    *,
    parent: pulumi.Resource,
    tags: dict[str, pulumi.Input[str]],
    deletion_window_days: int,
) -> pulumi.Output[str]:
    """The ARN of the topic that was `given`, or of a new one: an alarm without an action is a defect."""
    if given is not None:
        return pulumi.Output.from_input(given)
    args = AlertTopicArgs(key_deletion_days=deletion_window_days, tags=tags)
    return AlertTopic(name, args, pulumi.ResourceOptions(parent=parent)).arn
