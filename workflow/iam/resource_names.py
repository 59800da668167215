"""ARNs of the resources that the arguments of a call name."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from typing import Final

from ..asl.json_type import Json
from ..asl.json_values import JsonObject, walk

Grants = Iterator[tuple[str, str]]
"""Pairs of an action and its resource."""

_QUEUE_URL: Final = re.compile(
    r"https?://(?:sqs\.(?P<region>[a-z0-9-]+)\.)?[^/]+/(?P<account>\d{12})/(?P<name>[^/]+)\Z"
)
_API: Final = re.compile(r"(?:https://)?(?P<id>[^./]+)\.execute-api\.(?P<region>[^./]+)\.")
_ROLES: Final = ("Role", "ServiceRole", "JobFlowRole", "AutoScalingRole", "NodeRole")
_WITH_USER_DATA: Final = ("dynamodb", "states")
"""Prefixes of the services whose nested arguments are user data, whatever their names are."""


def argument(arguments: JsonObject, name: str) -> str | None:
    """Return a constant argument; `*` if it is known only at run time, None if it is missing."""
    value = arguments.get(name)
    if isinstance(value, str):
        return "*" if value.lstrip().startswith("{%") else value
    return "*" if f"{name}.$" in arguments else None


def object_of(value: Json) -> JsonObject:
    """Return a value if it is an object, otherwise an empty object."""
    return value if isinstance(value, dict) else {}


def is_name(value: str) -> bool:
    """Return true if a value is a plain name, from which an ARN must be built."""
    return not value.startswith(("arn:", "${", "*"))


def is_placeholder(value: str) -> bool:
    """Return true if a template fills in the value later; as the whole Resource of a task, it is a function's ARN."""
    return value.startswith("${") and value.endswith("}") and "}" not in value[:-1]


def all_versions(arn: str) -> str:
    """Return a function's ARN with `*` for its version or alias; any other ARN is returned unchanged."""
    parts = arn.split(":")
    return ":".join([*parts[:7], "*"]) if len(parts) > 7 and parts[2] == "lambda" else arn


def bucket(arguments: JsonObject, partition: str) -> str:
    """Return the ARN of the bucket that the arguments name; `*` if it is not known."""
    name = argument(arguments, "Bucket")
    return "*" if name is None or name == "*" else f"arn:{partition}:s3:::{name}"


def source_of_copy(arguments: JsonObject, partition: str) -> str:
    """Return the ARN of the S3 object that is copied; `*` if it is not known."""
    source = argument(arguments, "CopySource") or "*"
    return f"arn:{partition}:s3:::{source.lstrip('/')}" if is_name(source) else "*"


def queue(arguments: JsonObject, partition: str) -> str:
    """Return the ARN of the queue whose URL is in the arguments."""
    url = argument(arguments, "QueueUrl") or "*"
    found = _QUEUE_URL.match(url)
    return f"arn:{partition}:sqs:{found['region'] or '*'}:{found['account']}:{found['name']}" if found else url


def task_definition(arguments: JsonObject, partition: str) -> str:
    """Return the ARN of an ECS task definition; a family without a revision stands for all of its revisions."""
    name = argument(arguments, "TaskDefinition") or "*"
    if not is_name(name):
        return name
    return f"arn:{partition}:ecs:*:*:task-definition/{name if ':' in name else f'{name}:*'}"


def method_of_api(arguments: JsonObject, partition: str) -> str:
    """Return the ARN of the API Gateway method that is called."""
    found = _API.match(argument(arguments, "ApiEndpoint") or "*")
    if found is None:
        return f"arn:{partition}:execute-api:*:*:*"
    stage, method = argument(arguments, "Stage") or "*", argument(arguments, "Method") or "*"
    path = (argument(arguments, "Path") or "*").lstrip("/")
    return f"arn:{partition}:execute-api:{found['region']}:*:{found['id']}/{stage}/{method}/{path}"


def passed_roles(prefix: str, arguments: JsonObject, partition: str) -> Iterator[str]:
    """Yield the roles that a service receives in its arguments, for which iam:PassRole must be allowed."""
    for pointer, each in walk(arguments):
        if pointer and prefix in _WITH_USER_DATA:
            return
        for key, value in each.items() if isinstance(each, dict) else ():
            name = key.removesuffix(".$")
            if name in _ROLES or name.endswith(("RoleArn", "RoleARN")):
                yield from _role(value, partition)


def _role(value: Json, partition: str) -> Iterator[str]:
    if isinstance(value, str):
        known = not value.startswith(("$.", "$$.", "$[", "States.")) and not value.lstrip().startswith("{%")
        name = value if known else "*"
        yield name if known and not is_name(name) else f"arn:{partition}:iam::*:role/{name}"


def resource_of_arguments(prefix: str, arguments: JsonObject, partition: str) -> str:
    """Return the resource that an argument names; `*` if none does, or if it is known only at run time.

    `prefix`   the prefix of the service's actions and ARNs
    """
    if prefix == "s3":
        return _s3_resource(arguments, partition)
    if prefix == "sqs" and argument(arguments, "QueueUrl") is not None:
        return queue(arguments, partition)
    if prefix == "dynamodb" and (index := argument(arguments, "IndexName")) is not None:
        table = resource_of_arguments(
            prefix, {name: arguments[name] for name in arguments if name != "IndexName"}, partition
        )
        return table if table == "*" else f"{table}/index/{index}"
    for name, template in _ARN_TEMPLATES.get(prefix, {}).items():
        value = argument(arguments, name)
        if value is not None:
            return template.format(partition=partition, value=value.lstrip("/")) if is_name(value) else value
    own = (each for each in arguments.values() if isinstance(each, str) and each.startswith("arn:"))
    return next((each for each in own if each.split(":")[2:3] == [prefix]), "*")


def _s3_resource(arguments: JsonObject, partition: str) -> str:
    arn, key = bucket(arguments, partition), argument(arguments, "Key")
    several = any(name.removesuffix(".$") == "Delete" for name in arguments)
    return arn if arn == "*" or (key is None and not several) else f"{arn}/{key or '*'}"


_ARN_TEMPLATES: Final[Mapping[str, Mapping[str, str]]] = {
    "athena": {"WorkGroup": "arn:{partition}:athena:*:*:workgroup/{value}"},
    "bedrock": {"ModelId": "arn:{partition}:bedrock:*::foundation-model/{value}"},
    "bedrock-agentcore": {"HarnessArn": "{value}", "AgentRuntimeArn": "{value}"},
    "codebuild": {"ProjectName": "arn:{partition}:codebuild:*:*:project/{value}"},
    "databrew": {"Name": "arn:{partition}:databrew:*:*:job/{value}"},
    "dynamodb": {"TableName": "arn:{partition}:dynamodb:*:*:table/{value}"},
    "elasticmapreduce": {
        "ClusterId": "arn:{partition}:elasticmapreduce:*:*:cluster/{value}",
        "JobFlowId": "arn:{partition}:elasticmapreduce:*:*:cluster/{value}",
    },
    "emr-containers": {"VirtualClusterId": "arn:{partition}:emr-containers:*:*:/virtualclusters/{value}"},
    "emr-serverless": {"ApplicationId": "arn:{partition}:emr-serverless:*:*:/applications/{value}"},
    "glue": {"JobName": "arn:{partition}:glue:*:*:job/{value}", "Name": "arn:{partition}:glue:*:*:*/{value}"},
    "kinesis": {"StreamName": "arn:{partition}:kinesis:*:*:stream/{value}"},
    "sagemaker": {
        f"{job}JobName": f"arn:{{partition}}:sagemaker:*:*:{kind}-job/{{value}}*"
        for job, kind in (
            ("Training", "training"),
            ("Transform", "transform"),
            ("Processing", "processing"),
            ("HyperParameterTuning", "hyper-parameter-tuning"),
            ("Labeling", "labeling"),
        )
    },
    "secretsmanager": {"SecretId": "arn:{partition}:secretsmanager:*:*:secret:{value}*"},
    "sqs": {"QueueName": "arn:{partition}:sqs:*:*:{value}"},
    "ssm": {"Name": "arn:{partition}:ssm:*:*:parameter/{value}"},
    "states": {"StateMachineArn": "{value}", "ExecutionArn": "{value}", "ActivityArn": "{value}"},
}
