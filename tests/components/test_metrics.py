"""Every metric that is watched or shown is one that somebody really sends, under exactly these dimensions.

CloudWatch knows a metric by its name and all of its dimensions: an alarm that leaves one out waits for ever.
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
MOST_IN_AN_ALARM = 10
_ON_TABLES = ("item", "items", "query", "scan")


class Named(NamedTuple):
    """A metric as CloudWatch knows it."""

    namespace: str
    name: str
    dimensions: frozenset[str]


def sent_by(namespace: str, dimensions: str, *names: str) -> set[Named]:
    """Metrics of a service."""
    return {Named(namespace, name, frozenset(dimensions.split())) for name in names}


# Sources: "Types of metrics for Lambda functions"; "Monitoring Step Functions metrics"; "DynamoDB metrics and
# dimensions"; "Available CloudWatch metrics for Amazon SQS"; "Monitoring Amazon EventBridge"; "Monitor CloudWatch
# metrics for HTTP APIs".
DOCUMENTED = (
    sent_by("AWS/Lambda", "FunctionName", "Invocations", "Errors", "Throttles", "Duration", "ConcurrentExecutions")
    | sent_by("AWS/Lambda", "FunctionName", "IteratorAge")
    | sent_by("AWS/States", "StateMachineArn", "ExecutionsStarted", "ExecutionsSucceeded", "ExecutionsFailed")
    | sent_by("AWS/States", "StateMachineArn", "ExecutionsTimedOut", "ExecutionsAborted", "ExecutionThrottled")
    | sent_by("AWS/States", "StateMachineArn", "ExecutionTime")
    | sent_by("AWS/DynamoDB", "TableName", "ConsumedReadCapacityUnits", "ConsumedWriteCapacityUnits")
    | sent_by("AWS/DynamoDB", "TableName", "ConditionalCheckFailedRequests", "ReadThrottleEvents")
    | sent_by("AWS/DynamoDB", "TableName Operation", "ThrottledRequests", "SystemErrors")
    | sent_by("AWS/SQS", "QueueName", "ApproximateNumberOfMessagesVisible")
    | sent_by("AWS/Events", "RuleName", "FailedInvocations")
    | sent_by("AWS/ApiGateway", "ApiId", "Count", "4xx", "5xx", "Latency")
)


def watched(graph: Graph) -> Iterator[tuple[Named, dict[str, str]]]:
    """Return the metrics that the alarms watch, with the values of their dimensions."""
    for alarm in graph.of_type(ALARM):
        queries = [each["metric"] for each in alarm.inputs.get("metricQueries") or () if "metric" in each]
        for told in queries or [alarm.inputs]:
            yield _named(told["namespace"], told["metricName"], told["dimensions"])


def shown(graph: Graph) -> Iterator[tuple[Named, dict[str, str]]]:
    """Return the metrics on the dashboard, with the values of their dimensions; of a search, those that it fixes."""
    [dashboard] = graph.of_type(DASHBOARD)
    for widget in json.loads(dashboard.inputs["dashboardBody"])["widgets"]:
        for line in widget["properties"].get("metrics", ()):
            yield _searched(line[0]["expression"]) if isinstance(line[0], dict) else _drawn(line)


def _drawn(line: list[Any]) -> tuple[Named, dict[str, str]]:
    namespace, name, *pairs, _ = line
    return _named(namespace, name, dict(zip(pairs[::2], pairs[1::2], strict=True)))


def _searched(expression: str) -> tuple[Named, dict[str, str]]:
    found = re.fullmatch(r"SEARCH\('\{([^}]+)\} MetricName=\"(\w+)\" (.*)', 'Sum', 300\)", expression)
    assert found, expression
    namespace, *dimensions = found[1].split(",")
    fixed = dict(re.findall(r'(\w+)="([^"]+)"', found[3]))
    return Named(namespace, found[2], frozenset(dimensions)), fixed


def _named(namespace: str, name: str, dimensions: dict[str, str]) -> tuple[Named, dict[str, str]]:
    return Named(namespace, name, frozenset(dimensions)), dimensions


@pytest.fixture(scope="module")
def embedded() -> set[Named]:
    """The business metrics that the functions write, when everything that is counted has happened."""
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
        Named(told["Namespace"], metric["Name"], frozenset(dimensions))
        for line in lines
        for told in line.get("_aws", {}).get("CloudWatchMetrics", ())
        for metric in told["Metrics"]
        for dimensions in told["Dimensions"]
    }


def test_every_alarm_watches_what_is_sent(stage_graph: Graph, embedded: set[Named]) -> None:
    """By AWS's own documentation, and by what the functions were seen to write."""
    assert {metric for metric, _ in watched(stage_graph)} - DOCUMENTED - embedded == set()


def test_the_dashboard_shows_what_is_sent(stage_graph: Graph, embedded: set[Named]) -> None:
    """An empty chart looks like a quiet night."""
    assert {metric for metric, _ in shown(stage_graph)} - DOCUMENTED - embedded == set()


def test_everything_that_the_functions_count_is_shown(stage_graph: Graph, embedded: set[Named]) -> None:
    """And every name that they know is one that they write."""
    ours = {metric for metric, _ in shown(stage_graph) if metric.namespace == NAMESPACE}
    assert embedded == ours
    assert {metric.name for metric in embedded} == {name.value for name in MetricName}
    for name in MetricName:
        further = {DIMENSIONS[name]} if name in DIMENSIONS else set()
        assert Named(NAMESPACE, name.value, frozenset({STAGE, *further})) in embedded


def test_every_dimension_names_something_of_this_stage(stage_graph: Graph) -> None:
    """A function, a machine, a table, a queue, a rule or an API that is in the graph; the stage itself."""
    apis = [f"{each.name}-id" for each in stage_graph.of_type("aws:apigatewayv2/api:Api")]
    named = [f"booking-{each.name}-0123456" for each in stage_graph.resources]
    there = json.dumps([*named, *apis, stage_graph.outputs["stateMachineArn"]])
    for metric, dimensions in [*watched(stage_graph), *shown(stage_graph)]:
        for name, value in dimensions.items():
            if name == STAGE:
                assert value == stage_graph.outputs["stage"]
            elif name not in ("Operation", "Between"):
                assert json.dumps(value) in there, metric


def test_an_alarm_has_no_more_metrics_than_cloudwatch_takes(stage_graph: Graph) -> None:
    """Expressions may have ten, and one of them is what is returned."""
    for alarm in stage_graph.of_type(ALARM):
        queries = alarm.inputs.get("metricQueries") or ()
        assert len([each for each in queries if "metric" in each]) <= MOST_IN_AN_ALARM
        assert len([each for each in queries if each.get("returnData")]) == bool(queries)


def test_the_operations_that_are_watched_are_all_that_are_done(stage_graph: Graph) -> None:
    """By the functions, and the scan of the command that lists what there is: another one may be throttled unseen."""
    watching = {dimensions["Operation"] for metric, dimensions in watched(stage_graph) if "Operation" in dimensions}
    world = World()
    world.stock(MUG=(800, 50))
    order = world.book(purchase_of(MUG=(2, 800)))["order_id"]
    world.book(refund_of(order, lines=[{"sku": "MUG", "quantity": 1}]))
    world.reconcile()
    done = {call.split()[0] for call in world.calls}
    on_tables = {"".join(part.title() for part in each.split("_")) for each in done if each.endswith(_ON_TABLES)}
    assert on_tables | {"Scan"} == watching
