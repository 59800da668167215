"""EventBridge Scheduler's schedules.

https://docs.aws.amazon.com/scheduler/latest/APIReference/API_CreateSchedule.html
"""

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, JsonString, KmsKeyId, Object, Property
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import fetch_or_none, ignore_not_found, number, output, string, without_none

_TARGET = {
    "arn": string(required=True),
    "roleArn": string(required=True),
    "input": Property(schema=JsonString()),
    "deadLetterConfig": Property(schema=Object({"arn": string(required=True)})),
    "retryPolicy": Property(
        schema=Object({"maximumEventAgeInSeconds": number(60, 86400), "maximumRetryAttempts": number(0, 185)}),
        default=CHOSEN_BY_AWS,
    ),
}


class Schedule(Resource):
    """A schedule on which a role calls a target."""

    token = "aws:scheduler/schedule:Schedule"
    auto_name = AutoName()
    identity = ("groupName", "name")
    properties = {
        "name": string(replaces=True),
        "groupName": string(default="default", replaces=True),
        "description": string(default=""),
        "flexibleTimeWindow": Property(
            schema=Object(
                {"mode": string("OFF", "FLEXIBLE", required=True), "maximumWindowInMinutes": number(1, 1440)}
            ),
            required=True,
        ),
        "kmsKeyArn": Property(schema=KmsKeyId()),
        "scheduleExpression": string(required=True),
        "scheduleExpressionTimezone": string(default="UTC"),
        "state": string("ENABLED", "DISABLED", default="ENABLED"),
        "target": Property(schema=Object(_TARGET), required=True),
        "arn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return f"{inputs.get('groupName', 'default')}/{inputs['name']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("scheduler").create_schedule(**_settings(inputs), ClientToken=marker)
        return str(self.id_of(aws, inputs))

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        if old:
            aws.client("scheduler").update_schedule(**_settings(inputs))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        group, _, name = id_.partition("/")
        fact = fetch_or_none(aws.client("scheduler").get_schedule, GroupName=group, Name=name)
        if fact is None:
            return None
        window = fact["FlexibleTimeWindow"]
        return {
            "name": name,
            "groupName": group,
            "arn": fact["Arn"],
            "description": fact.get("Description", ""),
            "flexibleTimeWindow": without_none(
                {"mode": window["Mode"], "maximumWindowInMinutes": window.get("MaximumWindowInMinutes")}
            ),
            "kmsKeyArn": fact.get("KmsKeyArn") or None,
            "scheduleExpression": fact["ScheduleExpression"],
            "scheduleExpressionTimezone": fact.get("ScheduleExpressionTimezone") or "UTC",
            "state": fact.get("State", "ENABLED"),
            "target": _target_outputs(fact["Target"]),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        group, _, name = id_.partition("/")
        with ignore_not_found():
            aws.client("scheduler").delete_schedule(GroupName=group, Name=name)


def _settings(inputs: Inputs) -> Values:
    """Return the settings of CreateSchedule and UpdateSchedule; missing ones are reset."""
    window = inputs["flexibleTimeWindow"]
    wanted = {
        "Name": inputs["name"],
        "GroupName": inputs.get("groupName", "default"),
        "Description": inputs.get("description"),
        "FlexibleTimeWindow": without_none(
            {"Mode": window["mode"], "MaximumWindowInMinutes": window.get("maximumWindowInMinutes")}
        ),
        "KmsKeyArn": inputs.get("kmsKeyArn"),
        "ScheduleExpression": inputs["scheduleExpression"],
        "ScheduleExpressionTimezone": inputs.get("scheduleExpressionTimezone", "UTC"),
        "State": inputs.get("state", "ENABLED"),
        "Target": _target(inputs["target"]),
    }
    return without_none(wanted)


def _target(wanted: ReadonlyValues) -> Values:
    dead_letters, retry = wanted.get("deadLetterConfig"), wanted.get("retryPolicy")
    target = {
        "Arn": wanted["arn"],
        "RoleArn": wanted["roleArn"],
        "Input": wanted.get("input"),
        "DeadLetterConfig": dead_letters and {"Arn": dead_letters["arn"]},
        "RetryPolicy": retry
        and without_none(
            {
                "MaximumEventAgeInSeconds": retry.get("maximumEventAgeInSeconds"),
                "MaximumRetryAttempts": retry.get("maximumRetryAttempts"),
            }
        ),
    }
    return without_none(target)


def _target_outputs(fact: ReadonlyValues) -> Values:
    dead_letters, retry = fact.get("DeadLetterConfig"), fact.get("RetryPolicy")
    described = {
        "arn": fact["Arn"],
        "roleArn": fact["RoleArn"],
        "input": fact.get("Input"),
        "deadLetterConfig": {"arn": dead_letters["Arn"]} if dead_letters and dead_letters.get("Arn") else None,
        "retryPolicy": retry
        and without_none(
            {
                "maximumEventAgeInSeconds": retry.get("MaximumEventAgeInSeconds"),
                "maximumRetryAttempts": retry.get("MaximumRetryAttempts"),
            }
        ),
    }
    return without_none(described)
