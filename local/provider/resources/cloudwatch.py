"""CloudWatch alarms.

The embedded AWS stores alarms and evaluates them only on PutMetricData.
https://docs.aws.amazon.com/AmazonCloudWatch/latest/APIReference/API_PutMetricAlarm.html
"""

from typing import Any

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, Boolean, MapOf, Object, Property, SetOf, String
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import (
    TAGS,
    boolean,
    ignore_not_found,
    number,
    output,
    string,
    sync_tags,
    tag_list,
    tag_map,
    without_none,
)

_ACTION_ARNS = Property(schema=SetOf(String()))
_METRIC = Property(
    schema=Object(
        {
            "metricName": string(required=True),
            "namespace": string(),
            "period": number(1, required=True),
            "stat": string(required=True),
            "dimensions": Property(schema=MapOf(String())),
            "unit": string(),
        }
    )
)
_QUERY = {
    "id": string(required=True),
    "accountId": string(),
    "expression": string(),
    "label": string(),
    "metric": _METRIC,
    "period": number(1),
    "returnData": boolean(),
}
_SIMPLE = {
    "alarmDescription": "AlarmDescription",
    "comparisonOperator": "ComparisonOperator",
    "datapointsToAlarm": "DatapointsToAlarm",
    "evaluateLowSampleCountPercentiles": "EvaluateLowSampleCountPercentile",
    "evaluationPeriods": "EvaluationPeriods",
    "extendedStatistic": "ExtendedStatistic",
    "metricName": "MetricName",
    "namespace": "Namespace",
    "period": "Period",
    "statistic": "Statistic",
    "threshold": "Threshold",
    "thresholdMetricId": "ThresholdMetricId",
    "treatMissingData": "TreatMissingData",
    "unit": "Unit",
}
"""Property → AWS's parameter, for those that pass unchanged."""


class MetricAlarm(Resource):
    """An alarm on one metric, or on an expression over several."""

    token = "aws:cloudwatch/metricAlarm:MetricAlarm"
    creates_completely = True
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "actionsEnabled": Property(schema=Boolean(), default=True),
        "alarmActions": _ACTION_ARNS,
        "okActions": _ACTION_ARNS,
        "insufficientDataActions": _ACTION_ARNS,
        "alarmDescription": string(),
        "comparisonOperator": string(required=True),
        "datapointsToAlarm": number(1),
        "dimensions": Property(schema=MapOf(String())),
        "evaluateLowSampleCountPercentiles": string("evaluate", "ignore", write_only=True),  # not kept here
        "evaluationPeriods": number(1, required=True),
        "extendedStatistic": string(),
        "metricName": string(),
        "metricQueries": Property(schema=SetOf(Object(_QUERY)), write_only=True),  # not kept here
        "namespace": string(),
        "period": number(1),
        "statistic": string("SampleCount", "Average", "Sum", "Minimum", "Maximum"),
        "threshold": number(default=CHOSEN_BY_AWS),
        "thresholdMetricId": string(write_only=True),  # not kept here
        "treatMissingData": string("missing", "ignore", "breaching", "notBreaching", default="missing"),
        "unit": string(),
        "tags": TAGS,
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs, Tags=tag_list(aws.tags(inputs)))
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._put(aws, inputs)
        actual = self.read(aws, id_) or {}
        sync_tags(aws.client("cloudwatch"), aws, inputs, actual["tags"], ResourceARN=actual["arn"])

    def _put(self, aws: Aws, inputs: Inputs, **more: Any) -> None:
        wanted = {parameter: inputs.get(name) for name, parameter in _SIMPLE.items()}
        aws.client("cloudwatch").put_metric_alarm(
            AlarmName=inputs["name"],
            ActionsEnabled=inputs.get("actionsEnabled", True),
            AlarmActions=list(inputs.get("alarmActions") or ()),
            OKActions=list(inputs.get("okActions") or ()),
            InsufficientDataActions=list(inputs.get("insufficientDataActions") or ()),
            **without_none(wanted),
            **({"Dimensions": tag_list(inputs["dimensions"], "Name")} if inputs.get("dimensions") else {}),
            **(
                {"Metrics": [_query(query) for query in inputs["metricQueries"]]} if inputs.get("metricQueries") else {}
            ),
            **more,
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("cloudwatch")
        alarms = client.describe_alarms(AlarmNames=[id_], AlarmTypes=["MetricAlarm"])["MetricAlarms"]
        if not alarms:
            return None
        fact = alarms[0]
        single = bool(fact.get("MetricName"))
        return {
            **{name: fact.get(parameter) or None for name, parameter in _SIMPLE.items()},
            "period": fact.get("Period") if single else None,
            "statistic": fact.get("Statistic") if single and not fact.get("ExtendedStatistic") else None,
            "threshold": fact.get("Threshold"),
            "treatMissingData": fact.get("TreatMissingData") or "missing",
            "name": id_,
            "arn": fact["AlarmArn"],
            "actionsEnabled": fact.get("ActionsEnabled", True),
            "alarmActions": fact.get("AlarmActions", []),
            "okActions": fact.get("OKActions", []),
            "insufficientDataActions": fact.get("InsufficientDataActions", []),
            "dimensions": tag_map(fact.get("Dimensions"), "Name") or None,
            "tags": tag_map(client.list_tags_for_resource(ResourceARN=fact["AlarmArn"]).get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("cloudwatch").delete_alarms(AlarmNames=[id_])


class CompositeAlarm(Resource):
    """An alarm on the states of other alarms."""

    token = "aws:cloudwatch/compositeAlarm:CompositeAlarm"
    creates_completely = True
    identity = ("alarmName",)
    properties = {
        "alarmName": string(required=True, replaces=True),
        "alarmRule": string(required=True),
        "actionsEnabled": Property(schema=Boolean(), default=True, replaces=True),
        "alarmActions": _ACTION_ARNS,
        "okActions": _ACTION_ARNS,
        "insufficientDataActions": _ACTION_ARNS,
        "alarmDescription": string(),
        "tags": TAGS,
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["alarmName"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs, Tags=tag_list(aws.tags(inputs)))
        return str(inputs["alarmName"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._put(aws, inputs)
        actual = self.read(aws, id_) or {}
        sync_tags(aws.client("cloudwatch"), aws, inputs, actual["tags"], ResourceARN=actual["arn"])

    def _put(self, aws: Aws, inputs: Inputs, **more: Any) -> None:
        aws.client("cloudwatch").put_composite_alarm(
            AlarmName=inputs["alarmName"],
            AlarmRule=inputs["alarmRule"],
            ActionsEnabled=inputs.get("actionsEnabled", True),
            AlarmActions=list(inputs.get("alarmActions") or ()),
            OKActions=list(inputs.get("okActions") or ()),
            InsufficientDataActions=list(inputs.get("insufficientDataActions") or ()),
            **without_none({"AlarmDescription": inputs.get("alarmDescription")}),
            **more,
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("cloudwatch")
        alarms = client.describe_alarms(AlarmNames=[id_], AlarmTypes=["CompositeAlarm"])["CompositeAlarms"]
        if not alarms:
            return None
        fact = alarms[0]
        return {
            "alarmName": id_,
            "alarmRule": fact["AlarmRule"],
            "actionsEnabled": fact.get("ActionsEnabled", True),
            "alarmActions": fact.get("AlarmActions", []),
            "okActions": fact.get("OKActions", []),
            "insufficientDataActions": fact.get("InsufficientDataActions", []),
            "alarmDescription": fact.get("AlarmDescription") or None,
            "arn": fact["AlarmArn"],
            "tags": tag_map(client.list_tags_for_resource(ResourceARN=fact["AlarmArn"]).get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("cloudwatch").delete_alarms(AlarmNames=[id_])


def _query(query: ReadonlyValues) -> Values:
    metric = query.get("metric")
    wanted = {
        "Id": query["id"],
        "AccountId": query.get("accountId"),
        "Expression": query.get("expression"),
        "Label": query.get("label"),
        "Period": query.get("period"),
        "ReturnData": query.get("returnData", False),
        "MetricStat": metric
        and without_none(
            {
                "Metric": without_none(
                    {
                        "MetricName": metric["metricName"],
                        "Namespace": metric.get("namespace"),
                        "Dimensions": tag_list(metric.get("dimensions") or {}, "Name"),
                    }
                ),
                "Period": metric["period"],
                "Stat": metric["stat"],
                "Unit": metric.get("unit"),
            }
        ),
    }
    return without_none(wanted)
