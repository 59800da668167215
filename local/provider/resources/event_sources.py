"""Event source mappings: queues and streams that a function consumes.

https://docs.aws.amazon.com/lambda/latest/api/API_CreateEventSourceMapping.html
"""

from ..aws import Aws
from ..property_schema import (
    CHOSEN_BY_AWS,
    Boolean,
    FunctionName,
    JsonString,
    Object,
    Property,
    SetOf,
    String,
)
from ..property_values import ReadonlyValues, Values
from ..resource import Inputs, Outputs
from .common import TAGS, boolean, number, output, string, sync_tags
from .invocations import function_name
from .modelled import ModelledResource

_DESTINATION = Property(schema=Object({"destinationArn": string(required=True)}))
_FILTER = Property(schema=SetOf(Object({"pattern": Property(schema=JsonString(), required=True)})))


class EventSourceMapping(ModelledResource):
    """A queue or stream that a function consumes."""

    token = "aws:lambda/eventSourceMapping:EventSourceMapping"
    service, noun, id_member = "lambda", "EventSourceMapping", "UUID"
    spelled = {"arn": "EventSourceMappingArn", "uuid": "UUID", "destinationArn": "Destination"}
    identity = ("functionName", "eventSourceArn")
    properties = {
        "functionName": Property(schema=FunctionName(), required=True),
        "eventSourceArn": string(required=True, replaces=True),
        "batchSize": number(1, 10000, default=CHOSEN_BY_AWS),
        "bisectBatchOnFunctionError": boolean(),
        "destinationConfig": Property(schema=Object({"onFailure": _DESTINATION})),
        "enabled": Property(schema=Boolean(), default=True),
        "filterCriteria": Property(schema=Object({"filters": _FILTER})),
        "maximumBatchingWindowInSeconds": number(0, 300, default=0),
        "maximumRecordAgeInSeconds": number(-1, 604_800, default=CHOSEN_BY_AWS),
        "maximumRetryAttempts": number(-1, 10_000, default=CHOSEN_BY_AWS),
        "parallelizationFactor": number(1, 10, default=CHOSEN_BY_AWS),
        "startingPosition": string("LATEST", "TRIM_HORIZON", replaces=True),
        "functionResponseTypes": Property(schema=SetOf(String())),
        "tags": TAGS,
        "arn": output(),
        "functionArn": output("functionName"),
        "uuid": output(),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        listed = aws.client("lambda").list_event_source_mappings(
            FunctionName=function_name(inputs["functionName"]), EventSourceArn=inputs["eventSourceArn"]
        )["EventSourceMappings"]
        return listed[0]["UUID"] if listed else None

    def creation_extras(self, aws: Aws, inputs: Inputs, marker: str) -> Values:
        return {"Tags": aws.tags(inputs)}

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        super().converge(aws, id_, inputs, old)
        actual, client = self.read(aws, id_) or {}, aws.client(self.service)
        sync_tags(client, aws, inputs, actual["tags"], pairs=dict, Resource=actual["arn"])

    def outputs(self, aws: Aws, id_: str, fact: ReadonlyValues) -> Outputs:
        return super().outputs(aws, id_, fact) | {
            "tags": dict(aws.client(self.service).list_tags(Resource=fact["EventSourceMappingArn"]).get("Tags", {})),
            "functionName": FunctionName().canonical(fact["FunctionArn"]),
            "enabled": fact.get("State") not in ("Disabled", "Disabling"),
            "bisectBatchOnFunctionError": fact.get("BisectBatchOnFunctionError", False),
            "maximumBatchingWindowInSeconds": fact.get("MaximumBatchingWindowInSeconds", 0),
        }
