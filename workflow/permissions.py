"""What a state machine's role must be allowed to do: exact actions and resources, read off its definition.

An execution goes on with the definition that it was started with, so a version of a function stays invocable after the
machine has moved on: a version's ARN is granted for all versions of that function.

Past 250 lines: it is mostly tables of what services want.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from dataclasses import dataclass
from typing import Final

from .deep_json import Json
from .definition import State, parse
from .json_values import JsonObject

_INTEGRATION: Final = re.compile(r"arn:(?P<partition>[^:]*):states:::(?P<name>.+)\Z")
_QUEUE_URL: Final = re.compile(
    r"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.)?[^/]+/(?P<account>\d{12})/(?P<name>[^/]+)\Z"
)


@dataclass(frozen=True, slots=True)
class Permission:
    """Actions on resources, and for which states."""

    actions: tuple[str, ...]
    resources: tuple[str, ...]
    why: str

    def statement(self) -> JsonObject:
        """As a statement of an IAM policy."""
        return {"Effect": "Allow", "Action": list(self.actions), "Resource": list(self.resources)}


Found = Iterator[tuple[str, str]]
"""Actions and the resource of each."""


def permissions(definition: object) -> list[Permission]:
    """The exact permissions that a definition needs, those for the same resources together; logging comes on top."""
    needed: dict[tuple[str, str], list[str]] = {}
    for state in parse(definition).states():
        for action, resource in _of_state(state):
            needed.setdefault((action, resource), []).append(state.name)
    grouped: dict[tuple[str, ...], dict[str, tuple[str, ...]]] = {}
    for (action, resource), states in needed.items():
        grouped.setdefault(tuple(dict.fromkeys(states)), {}).setdefault(resource, ())
        actions = grouped[tuple(dict.fromkeys(states))]
        actions[resource] = (*actions[resource], action)
    found: list[Permission] = []
    for names, by_resource in grouped.items():
        by_actions: dict[tuple[str, ...], list[str]] = {}
        for resource, allowed in by_resource.items():
            by_actions.setdefault(allowed, []).append(resource)
        why = ", ".join(names)
        found.extend(Permission(allowed, tuple(resources), why) for allowed, resources in by_actions.items())
    return found


def policy(definition: object) -> JsonObject:
    """The permissions as an IAM policy."""
    statements: list[Json] = [one.statement() for one in permissions(definition)]
    return {"Version": "2012-10-17", "Statement": statements}


def _of_state(state: State) -> Found:
    if state.type == "Map":
        yield from _of_map(state)
    resource = state.fields.get("Resource")
    if state.type != "Task" or not isinstance(resource, str):
        return
    role = _object(state.fields.get("Credentials")).get("RoleArn")
    if role is not None:
        yield "sts:AssumeRole", _resource(role)
        return
    if ":function:" in resource:
        yield "lambda:InvokeFunction", _every_version(resource)
        return
    found = _INTEGRATION.match(resource)
    if found:
        arguments = _object(state.fields.get("Arguments", state.fields.get("Parameters")))
        yield from _of_integration(found["name"], arguments, found["partition"] or "aws")


def _of_integration(name: str, arguments: JsonObject, partition: str) -> Found:
    service, pattern = name, ""
    for suffix in (".waitForTaskToken", ".sync:2", ".sync"):
        if name.endswith(suffix):
            service, pattern = name.removesuffix(suffix), suffix
    known = _KNOWN.get(service)
    if known is not None:
        yield from known(arguments, partition, pattern.startswith(".sync"))
        return
    parts = service.removeprefix("aws-sdk:").split(":")
    prefix, action = parts[0], parts[-1]
    yield (
        f"{_PREFIXES.get(prefix, prefix)}:{action[:1].upper()}{action[1:]}",
        _by_arguments(prefix, arguments, partition),
    )
    if pattern.startswith(".sync"):
        for extra in _SYNC.get(service, ()):
            yield extra, "*"
        yield from _events_rule(partition, _RULES.get(prefix, "StepFunctions*"))


def _invoke(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
    yield "lambda:InvokeFunction", _function(arguments, partition)


def _function(arguments: JsonObject, partition: str) -> str:
    name = _argument(arguments, "FunctionName")
    if name is None or name.startswith(("arn:", "${", "*")):
        return _every_version(name or "*")
    return _every_version(f"arn:{partition}:lambda:*:*:function:{name}")


def _every_version(arn: str) -> str:
    parts = arn.split(":")
    return ":".join([*parts[:7], "*"]) if len(parts) > 7 and parts[2] == "lambda" else arn


def _send_message(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
    url = _argument(arguments, "QueueUrl") or "*"
    found = _QUEUE_URL.match(url)
    arn = f"arn:{partition}:sqs:{found['region'] or '*'}:{found['account']}:{found['name']}" if found else url
    yield "sqs:SendMessage", arn


def _publish(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
    yield "sns:Publish", _argument(arguments, "TopicArn") or "*"


def _put_events(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
    entries = arguments.get("Entries")
    buses = (
        [_argument(_object(entry), "EventBusName") or "default" for entry in entries]
        if isinstance(entries, list)
        else ["*"]
    )
    for bus in dict.fromkeys(buses):
        plain = not bus.startswith(("arn:", "${", "*"))
        yield "events:PutEvents", f"arn:{partition}:events:*:*:event-bus/{bus}" if plain else bus


def _start_execution(arguments: JsonObject, partition: str, sync: bool) -> Found:  # one signature for all
    machine = _argument(arguments, "StateMachineArn") or "*"
    yield "states:StartExecution", machine
    if sync:
        executions = machine.replace(":stateMachine:", ":execution:") + (":*" if ":stateMachine:" in machine else "")
        yield "states:DescribeExecution", executions
        yield "states:StopExecution", executions
        yield from _events_rule(partition, "StepFunctionsGetEventsForStepFunctionsExecutionRule")


def _events_rule(partition: str, rule: str) -> Found:
    """Source: Step Functions developer guide, "Run a Job (.sync)": it is told by a managed rule."""
    for action in ("PutTargets", "PutRule", "DescribeRule"):
        yield f"events:{action}", f"arn:{partition}:events:*:*:rule/{rule}"


def _on_table(action: str) -> Callable[[JsonObject, str, bool], Found]:
    def found(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
        yield f"dynamodb:{action}", _by_arguments("dynamodb", arguments, partition)

    return found


def _http(arguments: JsonObject, partition: str, sync: bool) -> Found:  # noqa: ARG001  # one signature for all
    connection = _argument(_object(arguments.get("Authentication")), "ConnectionArn") or "*"
    yield "states:InvokeHTTPEndpoint", "*"
    yield "events:RetrieveConnectionCredentials", connection
    for action in ("GetSecretValue", "DescribeSecret"):
        yield f"secretsmanager:{action}", f"arn:{partition}:secretsmanager:*:*:secret:events!connection/*"


def _run_task(arguments: JsonObject, partition: str, sync: bool) -> Found:  # one signature for all
    yield "ecs:RunTask", _argument(arguments, "TaskDefinition") or "*"
    if sync:
        yield "ecs:StopTask", "*"
        yield "ecs:DescribeTasks", "*"
        yield from _events_rule(partition, "StepFunctionsGetEventsForECSTaskRule")


def _of_map(state: State) -> Found:
    processor = _object(state.fields.get("ItemProcessor"))
    if _object(processor.get("ProcessorConfig")).get("Mode") != "DISTRIBUTED":
        return
    yield "states:StartExecution", "${this_state_machine}"
    for action in ("DescribeExecution", "StopExecution", "RedriveExecution"):
        yield f"states:{action}", "${executions_of_this_state_machine}"
    reader, writer = _object(state.fields.get("ItemReader")), _object(state.fields.get("ResultWriter"))
    for holder, actions in (
        (reader, ("GetObject",)),
        (writer, ("PutObject", "GetObject", "ListMultipartUploadParts", "AbortMultipartUpload")),
    ):
        found = _INTEGRATION.match(str(holder.get("Resource", "")))
        if found:
            arguments = _object(holder.get("Arguments", holder.get("Parameters")))
            lists = found["name"].startswith("s3:list")
            bucket = _bucket(arguments, found["partition"] or "aws")
            key = _argument(arguments, "Key") or f"{_argument(arguments, 'Prefix') or ''}*"
            for action in ("ListBucket",) if lists else actions:
                yield f"s3:{action}", bucket if lists else f"{bucket}/{key}" if bucket != "*" else "*"


def _by_arguments(service: str, arguments: JsonObject, partition: str) -> str:
    """The resource that an argument names; `*` where none does, or where it is known only when the machine runs."""
    if service == "s3":
        bucket, key = _bucket(arguments, partition), _argument(arguments, "Key")
        return bucket if bucket == "*" or "Key" not in "".join(arguments) else f"{bucket}/{key or '*'}"
    for name, shape in _NAMED.get(service, {}).items():
        value = _argument(arguments, name)
        if value is not None:
            plain = not value.startswith(("arn:", "${", "*"))
            return shape.format(partition=partition, value=value) if plain else value
    for name, named in arguments.items():
        if name.removesuffix(".$").endswith("Arn") and isinstance(named, str) and named.startswith("arn:"):
            return named
    return "*"


def _bucket(arguments: JsonObject, partition: str) -> str:
    bucket = _argument(arguments, "Bucket")
    return "*" if bucket is None or bucket == "*" else f"arn:{partition}:s3:::{bucket}"


def _argument(arguments: JsonObject, name: str) -> str | None:
    """A constant argument; `*` where it is known only when the machine runs, None where there is none."""
    value = arguments.get(name)
    if isinstance(value, str):
        return "*" if value.lstrip().startswith("{%") else value
    return "*" if f"{name}.$" in arguments else None


def _resource(value: Json) -> str:
    return value if isinstance(value, str) and not value.startswith(("{%", "$.")) else "*"


def _object(value: Json) -> JsonObject:
    return value if isinstance(value, dict) else {}


_KNOWN: Final[Mapping[str, Callable[[JsonObject, str, bool], Found]]] = {
    "lambda:invoke": _invoke,
    "aws-sdk:lambda:invoke": _invoke,
    "sqs:sendMessage": _send_message,
    "aws-sdk:sqs:sendMessage": _send_message,
    "sns:publish": _publish,
    "aws-sdk:sns:publish": _publish,
    "events:putEvents": _put_events,
    "aws-sdk:eventbridge:putEvents": _put_events,
    "states:startExecution": _start_execution,
    "aws-sdk:sfn:startExecution": _start_execution,
    "ecs:runTask": _run_task,
    "http:invoke": _http,
    **{
        f"dynamodb:{action[0].lower()}{action[1:]}": _on_table(action)
        for action in ("GetItem", "PutItem", "UpdateItem", "DeleteItem")
    },
}
_PREFIXES: Final[Mapping[str, str]] = {
    "sfn": "states",
    "eventbridge": "events",
    "cloudwatchlogs": "logs",
    "bedrockruntime": "bedrock",
    "ses": "ses",
    "sesv2": "ses",
    "elasticmapreduce": "elasticmapreduce",
    "databrew": "databrew",
    "emr-containers": "emr-containers",
    "emr-serverless": "emr-serverless",
}
_NAMED: Final[Mapping[str, Mapping[str, str]]] = {
    "dynamodb": {"TableName": "arn:{partition}:dynamodb:*:*:table/{value}"},
    "glue": {"JobName": "arn:{partition}:glue:*:*:job/{value}", "Name": "arn:{partition}:glue:*:*:*/{value}"},
    "codebuild": {"ProjectName": "arn:{partition}:codebuild:*:*:project/{value}"},
    "secretsmanager": {"SecretId": "arn:{partition}:secretsmanager:*:*:secret:{value}*"},
    "ssm": {"Name": "arn:{partition}:ssm:*:*:parameter/{value}"},
    "bedrock": {"ModelId": "arn:{partition}:bedrock:*::foundation-model/{value}"},
    "kinesis": {"StreamName": "arn:{partition}:kinesis:*:*:stream/{value}"},
}
_SYNC: Final[Mapping[str, tuple[str, ...]]] = {
    "batch:submitJob": ("batch:DescribeJobs", "batch:TerminateJob"),
    "glue:startJobRun": ("glue:GetJobRun", "glue:GetJobRuns", "glue:BatchStopJobRun"),
    "codebuild:startBuild": ("codebuild:StopBuild", "codebuild:BatchGetBuilds"),
    "athena:startQueryExecution": ("athena:StopQueryExecution", "athena:GetQueryExecution"),
}
_RULES: Final[Mapping[str, str]] = {
    "batch": "StepFunctionsGetEventsForBatchJobsRule",
    "glue": "StepFunctionsGetEventsForGlueJobsRule",
    "codebuild": "StepFunctionsGetEventForCodeBuildStartBuildRule",
    "sagemaker": "StepFunctionsGetEventsForSageMaker*",
}
