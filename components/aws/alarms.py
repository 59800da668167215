"""CloudWatch alarms, each with an action and a section in the runbook."""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import pulumi
import pulumi_aws as aws

from ..base import Shared

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
    """An alarm that fires above a threshold; `meaning` states the problem and its consequence in full sentences.

    `slug` names its section in the runbook. With `percent_of`, the threshold is a percentage of that metric; with
    `added`, it applies to the sum of `metric` and these; with `minus`, to the difference. A heartbeat fires below the
    threshold instead, and while there is no data.
    """

    slug: str
    meaning: str
    metric: Metric
    threshold: float
    percent_of: Metric | None = None
    added: Sequence[Metric] = ()
    minus: Metric | None = None
    periods: int = 1
    heartbeat: bool = False

    def create(self, name: str, shared: Shared) -> aws.cloudwatch.MetricAlarm:
        """Create the alarm; it notifies the topic when it fires and when it resolves."""
        single = None if self.percent_of or self.added or self.minus else self.metric
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
            comparison_operator="LessThanThreshold" if self.heartbeat else "GreaterThanThreshold",
            threshold=self.threshold,
            evaluation_periods=self.periods,
            treat_missing_data="breaching" if self.heartbeat else "notBreaching",
            alarm_actions=[shared.topic],
            ok_actions=[shared.topic],
            tags=shared.tags,
            opts=pulumi.ResourceOptions(parent=shared.parent),
        )

    def _queries(self) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs] | None:
        if self.percent_of:
            return _rate(self.metric, self.percent_of)
        if self.minus:
            return _difference(self.metric, self.minus)
        return _sum([self.metric, *self.added]) if self.added else None


def create_alarms(name: str, shared: Shared, alarms: Iterable[Alarm]) -> None:
    """Create alarms that are named after `name` and their slug."""
    for alarm in alarms:
        alarm.create(f"{name}-{alarm.slug}", shared)


def _sum(parts: Sequence[Metric]) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return the sum of all parts; a part without data counts as zero. An alarm takes up to 10 metrics."""
    total = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="total", expression="SUM(FILL(METRICS(), 0))", label="total", return_data=True
    )
    return [total, *(_query(f"part{number}", part) for number, part in enumerate(parts, start=1))]


def _difference(whole: Metric, part: Metric) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return `whole` without `part`."""
    difference = aws.cloudwatch.MetricAlarmMetricQueryArgs(
        id="rest", expression="whole - part", label="rest", return_data=True
    )
    return [difference, _query("whole", whole), _query("part", part)]


def _rate(part: Metric, whole: Metric) -> list[aws.cloudwatch.MetricAlarmMetricQueryArgs]:
    """Return `part` as a percentage of `whole`."""
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
