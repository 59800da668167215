"""Step Functions state machines.

https://docs.aws.amazon.com/step-functions/latest/apireference/API_CreateStateMachine.html
"""

from functools import partial

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, JsonString, KmsKeyId, Object, Property
from ..property_values import ReadonlyValues, Values
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
)

_pairs = partial(tag_list, key="key", value="value")


class StateMachine(Resource):
    """A state machine; its id is its ARN, and its name and type cannot change."""

    token = "aws:sfn/stateMachine:StateMachine"
    auto_name = AutoName()
    identity = ("name",)
    properties = {
        "name": string(replaces=True),
        "type": string("STANDARD", "EXPRESS", default="STANDARD", replaces=True),
        "definition": Property(schema=JsonString(), required=True),
        "roleArn": string(required=True),
        "loggingConfiguration": Property(
            schema=Object(
                {
                    "level": string("ALL", "ERROR", "FATAL", "OFF", default="OFF"),
                    "includeExecutionData": boolean(),
                    "logDestination": string(),
                }
            ),
            default={"level": "OFF"},
        ),
        "tracingConfiguration": Property(  # not kept here
            schema=Object({"enabled": boolean()}), default={"enabled": False}, write_only=True
        ),
        "encryptionConfiguration": Property(
            schema=Object(
                {
                    "type": string("AWS_OWNED_KEY", "CUSTOMER_MANAGED_KMS_KEY", default="AWS_OWNED_KEY"),
                    "kmsKeyId": Property(schema=KmsKeyId()),
                    "kmsDataKeyReusePeriodSeconds": number(60, 900, default=CHOSEN_BY_AWS),
                }
            ),
            default={"type": "AWS_OWNED_KEY"},
        ),
        "publish": boolean(write_only=True),
        "tags": TAGS,
        "arn": output(),
        "creationDate": output(),
        "revisionId": output("definition", "roleArn"),
        "status": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return aws.arn("states", f"stateMachine:{inputs['name']}")

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("stepfunctions").create_state_machine(
            name=inputs["name"],
            type=inputs.get("type", "STANDARD"),
            tags=_pairs(aws.tags(inputs)),
            **_settings(inputs),
        )
        return str(created["stateMachineArn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client = aws.client("stepfunctions")
        if old or self._differs(aws, id_, inputs):
            client.update_state_machine(stateMachineArn=id_, **_settings(inputs))
        if inputs.get("publish"):
            client.publish_state_machine_version(stateMachineArn=id_)
        sync_tags(client, aws, inputs, self._tags(aws, id_), names=("tags", "tagKeys"), pairs=_pairs, resourceArn=id_)

    def _differs(self, aws: Aws, id_: str, inputs: Inputs) -> bool:
        """Return whether an interrupted creation has left a different machine than the requested one."""
        fact = aws.client("stepfunctions").describe_state_machine(stateMachineArn=id_)
        return (fact["definition"], fact["roleArn"]) != (inputs["definition"], inputs["roleArn"])

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        fact = fetch_or_none(aws.client("stepfunctions").describe_state_machine, stateMachineArn=id_)
        if fact is None or fact.get("status") == "DELETING":
            return None
        return {
            "name": fact["name"],
            "arn": id_,
            "type": fact["type"],
            "definition": fact["definition"],
            "roleArn": fact["roleArn"],
            "loggingConfiguration": _logging_outputs(fact.get("loggingConfiguration", {})),
            "encryptionConfiguration": fact.get("encryptionConfiguration") or {"type": "AWS_OWNED_KEY"},
            "creationDate": fact["creationDate"].strftime("%Y-%m-%dT%H:%M:%SZ"),
            "revisionId": fact.get("revisionId"),
            "status": fact.get("status", "ACTIVE"),
            "tags": self._tags(aws, id_),
        }

    def _tags(self, aws: Aws, id_: str) -> dict[str, str]:
        listed = aws.client("stepfunctions").list_tags_for_resource(resourceArn=id_)
        return tag_map(listed.get("tags"), "key", "value")

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        with ignore_not_found():
            aws.client("stepfunctions").delete_state_machine(stateMachineArn=id_)


def _settings(inputs: Inputs) -> Values:
    """Return the settings of CreateStateMachine and UpdateStateMachine; missing ones are reset."""
    logging = inputs.get("loggingConfiguration") or {}
    destination = logging.get("logDestination")
    return {
        "definition": inputs["definition"],
        "roleArn": inputs["roleArn"],
        "loggingConfiguration": {
            "level": logging.get("level", "OFF"),
            "includeExecutionData": logging.get("includeExecutionData", False),
            "destinations": [{"cloudWatchLogsLogGroup": {"logGroupArn": destination}}] if destination else [],
        },
        "tracingConfiguration": {"enabled": (inputs.get("tracingConfiguration") or {}).get("enabled", False)},
        "encryptionConfiguration": dict(inputs.get("encryptionConfiguration") or {"type": "AWS_OWNED_KEY"}),
    }


def _logging_outputs(fact: ReadonlyValues) -> Values:
    destinations = fact.get("destinations") or []
    logged = {"level": fact.get("level", "OFF"), "includeExecutionData": fact.get("includeExecutionData", False)}
    if destinations:
        logged["logDestination"] = destinations[0]["cloudWatchLogsLogGroup"]["logGroupArn"]
    return logged
