"""Queues and streams whose messages a function takes.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, Boolean, Property, SetOf, String
from ..property_values import Values
from ..resource import Inputs, Outputs, Resource
from .common import fetch_or_none, ignore_not_found, number, output, string, without_none
from .invocations import function_name


class EventSourceMapping(Resource):
    """A queue or stream whose messages a function takes."""

    token = "aws:lambda/eventSourceMapping:EventSourceMapping"
    identity = ("functionName", "eventSourceArn")
    properties = {
        "functionName": string(required=True),
        "eventSourceArn": string(required=True, replaces=True),
        "batchSize": number(1, 10000, default=CHOSEN_BY_AWS),
        "enabled": Property(schema=Boolean(), default=True),
        "maximumBatchingWindowInSeconds": number(0, 300, default=0),
        "startingPosition": string("LATEST", "TRIM_HORIZON", replaces=True),
        "functionResponseTypes": Property(schema=SetOf(String())),
        "arn": output(),
        "functionArn": output("functionName"),
        "uuid": output(),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        listed = aws.client("lambda").list_event_source_mappings(
            FunctionName=function_name(inputs["functionName"]), EventSourceArn=inputs["eventSourceArn"]
        )["EventSourceMappings"]
        return listed[0]["UUID"] if listed else None

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        made = aws.client("lambda").create_event_source_mapping(
            EventSourceArn=inputs["eventSourceArn"],
            **_mapping(inputs),
            **without_none({"StartingPosition": inputs.get("startingPosition")}),
        )
        return str(made["UUID"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            aws.client("lambda").update_event_source_mapping(UUID=id_, **_mapping(inputs))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = fetch_or_none(aws.client("lambda").get_event_source_mapping, UUID=id_)
        if fact is None:
            return None
        return {
            "uuid": id_,
            "arn": aws.arn("lambda", f"event-source-mapping:{id_}"),
            "functionName": function_name(fact["FunctionArn"]),
            "functionArn": fact["FunctionArn"],
            "eventSourceArn": fact["EventSourceArn"],
            "batchSize": fact.get("BatchSize"),
            "enabled": fact.get("State") not in ("Disabled", "Disabling"),
            "maximumBatchingWindowInSeconds": fact.get("MaximumBatchingWindowInSeconds", 0),
            "startingPosition": fact.get("StartingPosition"),
            "functionResponseTypes": fact.get("FunctionResponseTypes") or None,
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("lambda").delete_event_source_mapping(UUID=id_)


def _mapping(inputs: Inputs) -> Values:
    return without_none(
        {
            "FunctionName": inputs["functionName"],
            "BatchSize": inputs.get("batchSize"),
            "Enabled": inputs.get("enabled", True),
            "MaximumBatchingWindowInSeconds": inputs.get("maximumBatchingWindowInSeconds"),
            "FunctionResponseTypes": list(inputs.get("functionResponseTypes") or ()),
        }
    )
