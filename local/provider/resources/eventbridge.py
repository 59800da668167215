"""EventBridge rules and their targets (Pulumi has them in its module cloudwatch).

https://docs.aws.amazon.com/eventbridge/latest/APIReference/API_PutRule.html
"""

from collections.abc import Mapping
from typing import Any

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, JsonString, MapOf, Object, Property, String
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import (
    TAGS,
    boolean,
    fetch_or_none,
    ignore_not_found,
    number,
    output,
    string,
    sync_tags,
    tag_list,
    tag_map,
    without_none,
)


class EventRule(Resource):
    """A pattern of events, or a schedule."""

    token = "aws:cloudwatch/eventRule:EventRule"
    creates_completely = True
    auto_name = AutoName(max_length=64)
    identity = ("eventBusName", "name")
    properties = {
        "name": string(replaces=True),
        "eventBusName": string(default="default", replaces=True),
        "description": string(),
        "eventPattern": Property(schema=JsonString()),
        "scheduleExpression": string(),
        "roleArn": string(),
        "state": string("ENABLED", "DISABLED", default="ENABLED"),
        "forceDestroy": boolean(write_only=True),
        "tags": TAGS,
        "arn": output(),
    }

    def validate(self, inputs: Inputs) -> Mapping[str, str]:
        if inputs.get("eventPattern") is None and inputs.get("scheduleExpression") is None:
            return {"eventPattern": "a rule needs an eventPattern or a scheduleExpression"}
        return {}

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        bus, name = inputs.get("eventBusName", "default"), inputs["name"]
        return str(name) if bus == "default" else f"{bus}/{name}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self._put(aws, inputs, Tags=tag_list(aws.tags(inputs)))
        return str(self.id_of(aws, inputs))

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        self._put(aws, inputs)
        actual = self.read(aws, id_) or {}
        sync_tags(aws.client("events"), aws, inputs, actual["tags"], ResourceARN=actual["arn"])

    def _put(self, aws: Aws, inputs: Inputs, **more: Any) -> None:
        wanted = {
            "Name": inputs["name"],
            "EventBusName": inputs.get("eventBusName", "default"),
            "Description": inputs.get("description", ""),
            "EventPattern": inputs.get("eventPattern"),
            "ScheduleExpression": inputs.get("scheduleExpression"),
            "RoleArn": inputs.get("roleArn"),
            "State": inputs.get("state", "ENABLED"),
        }
        aws.client("events").put_rule(**without_none(wanted), **more)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        bus, name = _split_bus(id_)
        client = aws.client("events")
        fact = fetch_or_none(client.describe_rule, Name=name, EventBusName=bus)
        if fact is None:
            return None
        return {
            "name": name,
            "eventBusName": bus,
            "description": fact.get("Description") or None,
            "eventPattern": fact.get("EventPattern") or None,
            "scheduleExpression": fact.get("ScheduleExpression") or None,
            "roleArn": fact.get("RoleArn") or None,
            "state": fact.get("State", "ENABLED"),
            "arn": fact["Arn"],
            "tags": tag_map(client.list_tags_for_resource(ResourceARN=fact["Arn"]).get("Tags")),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        bus, name = _split_bus(id_)
        with ignore_not_found():
            aws.client("events").delete_rule(Name=name, EventBusName=bus)


class EventTarget(Resource):
    """A target that receives a rule's events."""

    token = "aws:cloudwatch/eventTarget:EventTarget"
    creates_completely = True
    auto_name = AutoName(property="targetId")
    identity = ("eventBusName", "rule", "targetId")
    properties = {
        "targetId": string(replaces=True),
        "rule": string(required=True, replaces=True),
        "eventBusName": string(default="default", replaces=True),
        "arn": string(required=True),
        "roleArn": string(),
        "input": Property(schema=JsonString()),
        "inputPath": string(),
        "inputTransformer": Property(
            schema=Object({"inputPaths": Property(schema=MapOf(String())), "inputTemplate": string(required=True)})
        ),
        "deadLetterConfig": Property(schema=Object({"arn": string()})),
        "retryPolicy": Property(
            schema=Object({"maximumEventAgeInSeconds": number(60, 86400), "maximumRetryAttempts": number(0, 185)}),
            default=CHOSEN_BY_AWS,
        ),
        "forceDestroy": boolean(write_only=True),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        bus = inputs.get("eventBusName", "default")
        return "/".join(([] if bus == "default" else [bus]) + [inputs["rule"], inputs["targetId"]])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return str(self.id_of(aws, inputs))

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        transformer, retry = inputs.get("inputTransformer"), inputs.get("retryPolicy")
        dead_letters = inputs.get("deadLetterConfig") or {}
        target = {
            "Id": inputs["targetId"],
            "Arn": inputs["arn"],
            "RoleArn": inputs.get("roleArn"),
            "Input": inputs.get("input"),
            "InputPath": inputs.get("inputPath"),
            "InputTransformer": transformer
            and {
                "InputPathsMap": dict(transformer.get("inputPaths") or {}),
                "InputTemplate": transformer["inputTemplate"],
            },
            "DeadLetterConfig": {"Arn": dead_letters["arn"]} if dead_letters.get("arn") else None,
            "RetryPolicy": retry
            and without_none(
                {
                    "MaximumEventAgeInSeconds": retry.get("maximumEventAgeInSeconds"),
                    "MaximumRetryAttempts": retry.get("maximumRetryAttempts"),
                }
            ),
        }
        answer = aws.client("events").put_targets(
            Rule=inputs["rule"],
            EventBusName=inputs.get("eventBusName", "default"),
            Targets=[without_none(target)],
        )
        if answer.get("FailedEntryCount"):
            raise OSError(f"EventBridge refused the target: {answer['FailedEntries'][0].get('ErrorMessage')}")

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        where, _, target = id_.rpartition("/")
        bus, rule = _split_bus(where)
        answer = fetch_or_none(aws.client("events").list_targets_by_rule, Rule=rule, EventBusName=bus) or {
            "Targets": []
        }
        fact = next((item for item in answer["Targets"] if item["Id"] == target), None)
        if fact is None:
            return None
        transformer, retry = fact.get("InputTransformer"), fact.get("RetryPolicy")
        return {
            "targetId": target,
            "rule": rule,
            "eventBusName": bus,
            "arn": fact["Arn"],
            "roleArn": fact.get("RoleArn"),
            "input": fact.get("Input"),
            "inputPath": fact.get("InputPath"),
            "inputTransformer": transformer
            and without_none(
                {
                    "inputPaths": transformer.get("InputPathsMap") or None,
                    "inputTemplate": transformer["InputTemplate"],
                }
            ),
            "deadLetterConfig": {"arn": fact["DeadLetterConfig"]["Arn"]} if fact.get("DeadLetterConfig") else None,
            "retryPolicy": retry
            and without_none(
                {
                    "maximumEventAgeInSeconds": retry.get("MaximumEventAgeInSeconds"),
                    "maximumRetryAttempts": retry.get("MaximumRetryAttempts"),
                }
            ),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        where, _, target = id_.rpartition("/")
        bus, rule = _split_bus(where)
        with ignore_not_found():
            aws.client("events").remove_targets(Rule=rule, EventBusName=bus, Ids=[target])


def _split_bus(id_: str) -> tuple[str, str]:
    bus, _, name = id_.rpartition("/")
    return bus or "default", name
