"""Every metric in an alarm or on the dashboard exists, with exactly these dimensions.

CloudWatch identifies a metric by its name and all of its dimensions: an alarm that omits one never fires.
"""

import json
import re
from collections.abc import Iterator
from datetime import timedelta
from typing import Any, NamedTuple

import pytest

from handlers.contracts.metrics import DIMENSIONS, NAMESPACE, STAGE, MetricName
from tests.components.synth import Graph
from tests.handlers.world import World, purchase_of, refund_of

ALARM, DASHBOARD = "aws:cloudwatch/metricAlarm:MetricAlarm", "aws:cloudwatch/dashboard:Dashboard"
MAX_METRICS_PER_ALARM = 10
_TABLE_OPERATIONS = ("item", "items", "query", "scan")


class MetricIdentity(NamedTuple):
    """A metric as CloudWatch identifies it."""

    namespace: str
    name: str
    dimensions: frozenset[str]


def service_metrics(namespace: str, dimensions: str, *names: str) -> set[MetricIdentity]:
    """Return metrics of a service that have the same dimensions."""
    return {MetricIdentity(namespace, name, frozenset(dimensions.split())) for name in names}


# Sources: "Types of metrics for Lambda functions"; "Monitoring Step Functions metrics"; "DynamoDB metrics and
# dimensions"; "Available CloudWatch metrics for Amazon SQS"; "Monitoring Amazon EventBridge"; "Monitor CloudWatch
# metrics for HTTP APIs".
DOCUMENTED = (
    service_metrics(
        "AWS/Lambda", "FunctionName", "Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions"
    )
    | service_metrics("AWS/Lambda", "FunctionName", "IteratorAge")
    | service_metrics("AWS/States", "StateMachineArn", "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
    | service_metrics("AWS/States", "StateMachineArn", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled")
    | service_metrics("AWS/States", "StateMachineArn", "ExecutionTime")
    | service_metrics("AWS/DynamoDB", "TableName", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    | service_metrics("AWS/DynamoDB", "TableName", "ConditionalCheckFailedRequests", "ReadThrottleEvents")
    | service_metrics("AWS/DynamoDB", "TableName Operation", "ThrottledRequests", "SystemErrors")
    | service_metrics("AWS/SQS", "QueueName", "ApproximateNumberOfMessagesVisible")
    | service_metrics("AWS/Events", "RuleName", "FailedInvocations")
    | service_metrics("AWS/ApiGateway", "ApiId", "Count", "4xx", "5xx", "Latency")
)


def alarm_metrics(graph: Graph) -> Iterator[tuple[MetricIdentity, dict[str, str]]]:
    """Yield the metrics that the alarms watch, with the values of their dimensions."""
    for alarm in graph.of_type(ALARM):
        queries = [each["metric"] for each in alarm.inputs.get("metricQueries") or () if "metric" in each]
        for query in queries or [alarm.inputs]:
            yield _metric_with_values(query["namespace"], query["metricName"], query["dimensions"])


def dashboard_metrics(graph: Graph) -> Iterator[tuple[MetricIdentity, dict[str, str]]]:
    """Yield the metrics on the dashboard, with the values of their dimensions; for a search, those that it fixes."""
    [dashboard] = graph.of_type(DASHBOARD)
    for widget in json.loads(dashboard.inputs["dashboardBody"])["widgets"]:
        for line in widget["properties"].get("metrics", ()):
            yield _parse_search(line[0]["expression"]) if isinstance(line[0], dict) else _parse_line(line)


def _parse_line(line: list[Any]) -> tuple[MetricIdentity, dict[str, str]]:
    namespace, name, *pairs, _ = line
    return _metric_with_values(namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def _parse_search(expression: str) -> tuple[MetricIdentity, dict[str, str]]:
    found = re.fullmatch(r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\" (.*)', 'Sum', 300\)", expression)
    assert found, expression
    namespace, *dimensions = found[1].split(",")
    fixed = dict(re.findall(r'(\w+)="([^"]+)"', found[3]))
    return MetricIdentity(namespace, found[2], frozenset(dimensions)), fixed


def _metric_with_values(namespace: str, name: str, dimensions: dict[str, str]) -> tuple[MetricIdentity, dict[str, str]]:
    return MetricIdentity(namespace, name, frozenset(dimensions)), dimensions


@pytest.fixture(scope="module")
def logged_metrics() -> set[MetricIdentity]:
    """Return the business metrics that the functions log in a run with every counted event."""
    world = World()
    world.stock(MUG=(800, 50))
    order = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order, amount_minor=300))
    world.book(refund_of(order, "too-much", amount_minor=30_000))
    for token in ("pm_timeout", "pm_timeout_never_arrives"):
        world.book(purchase_of(token, token, MUG=(1, 800)))
    world.clock.advance(timedelta(hours=1))
    world.reconcile()
    world.seal()
    world.publish()
    lines = [json.loads(line) for line in world.lines]
    return {
        MetricIdentity(group["Namespace"], metric["Name"], frozenset(dimensions))
        for line in lines
        for group in line.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in group["Metrics"]
        for dimensions in group["Dimensions"]
    }


def test_every_alarm_watches_an_existing_metric(stage_graph: Graph, logged_metrics: set[MetricIdentity]) -> None:
    """AWS documents it, or the functions log it."""
    assert {metric for metric, _ in alarm_metrics(stage_graph)} - DOCUMENTED - logged_metrics == set()


def test_the_dashboard_shows_only_existing_metrics(stage_graph: Graph, logged_metrics: set[MetricIdentity]) -> None:
    """Otherwise an empty chart would look like a quiet night."""
    assert {metric for metric, _ in dashboard_metrics(stage_graph)} - DOCUMENTED - logged_metrics == set()


def test_every_business_metric_is_logged_and_shown(stage_graph: Graph, logged_metrics: set[MetricIdentity]) -> None:
    """Every member of MetricName is logged, with its documented dimension."""
    business_metrics = {metric for metric, _ in dashboard_metrics(stage_graph) if metric.namespace == NAMESPACE}
    assert logged_metrics == business_metrics
    assert {metric.name for metric in logged_metrics} == {name.value for name in MetricName}
    for name in MetricName:
        further = {DIMENSIONS[name]} if name in DIMENSIONS else set()
        assert MetricIdentity(NAMESPACE, name.value, frozenset({STAGE, *further})) in logged_metrics


def test_every_dimension_refers_to_a_resource_of_the_stage(stage_graph: Graph) -> None:
    """The values name resources in the graph, or the stage itself."""
    apis = [f"{each.name}-id" for each in stage_graph.of_type("aws:apigatewayv2/api:Api")]
    names = [f"booking-{each.name}-0123456" for each in stage_graph.resources]
    there = json.dumps([*names, *apis, stage_graph.outputs["stateMachineArn"]])
    for metric, dimensions in [*alarm_metrics(stage_graph), *dashboard_metrics(stage_graph)]:
        for name, value in dimensions.items():
            if name == STAGE:
                assert value == stage_graph.outputs["stage"]
            elif name not in ("Operation", "Between"):
                assert json.dumps(value) in there, metric


def test_alarms_use_at_most_ten_metrics(stage_graph: Graph) -> None:
    """This is the limit of CloudWatch. Exactly one query returns data."""
    for alarm in stage_graph.of_type(ALARM):
        queries = alarm.inputs.get("metricQueries") or ()
        assert len([each for each in queries if "metric" in each]) <= MAX_METRICS_PER_ALARM
        assert len([each for each in queries if each.get("returnData")]) == bool(queries)


def test_alarms_watch_every_table_operation_in_use(stage_graph: Graph) -> None:
    """These are the functions' operations, and the scan of the command that lists orders."""
    watched_operations = {
        dimensions["Operation"] for metric, dimensions in alarm_metrics(stage_graph) if "Operation" in dimensions
    }
    world = World()
    world.stock(MUG=(800, 50))
    order = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order, lines=[{"sku": "MUG", "quantity": 1}]))
    world.reconcile()
    operations = {call.split()[0] for call in world.calls}
    on_tables = {
        "".join(part.title() for part in each.split("_")) for each in operations if each.endswith(_TABLE_OPERATIONS)
    }
    assert on_tables | {"Scan"} == watched_operations
