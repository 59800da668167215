"""Lambda functions, and who may invoke them.

`Function` alone knows that this AWS is local: it swaps in this machine's package behind the runtime `provided.al2023`,
and reports the runtime that the program asked for, which it keeps in tags.
https://docs.aws.amazon.com/lambda/latest/api/API_CreateFunction.html
"""

import json
import time
from collections.abc import Mapping
from typing import Any

from ..aws import Aws
from ..journal import OWN_TAGS
from ..naming import AutoName
from ..packages import fingerprint, runnable
from ..resource import Inputs, Outputs, Resource
from ..shapes import CHOSEN_BY_AWS, File, Flag, KeyName, ListOf, MapOf, Number, Object, Property, SetOf, Text
from .common import TAGS, absence_is_fine, flag, found, number, output, retagged, text, without_none

_RUNTIME_TAG = f"{OWN_TAGS}runtime"
_CONFIGURATION = (
    *("handler", "runtime", "role", "memorySize", "timeout", "environment", "kmsKeyArn", "deadLetterConfig"),
    *("loggingConfig", "tracingConfig", "ephemeralStorage", "description", "vpcConfig"),
)
_NETWORK = {"subnetIds": "SubnetIds", "securityGroupIds": "SecurityGroupIds"}
"""Kept and given back; the embedded AWS has no networks, so a function reaches what it reaches anyway."""
_PUBLISHED = ("code", "sourceCodeHash", "architectures", "publish", *_CONFIGURATION)


class Function(Resource):
    """A function from a package, with its versions."""

    token = "aws:lambda/function:Function"
    names = AutoName(most=64, dots=False)
    identity = ("name",)
    properties = {
        "name": text(replaces=True),
        "role": text(required=True),
        "code": Property(shape=File(), required=True, write_only=True),
        "handler": text(required=True),
        "runtime": text(required=True),
        "architectures": Property(shape=ListOf(Text(("arm64", "x86_64"))), default=["x86_64"]),
        "packageType": text("Zip", default="Zip", replaces=True),
        "description": text(default=""),
        "memorySize": number(128, 10240, default=128),
        "timeout": number(1, 900, default=3),
        "publish": flag(write_only=True),
        "reservedConcurrentExecutions": number(-1, default=-1),
        "environment": Property(shape=Object({"variables": Property(shape=MapOf(Text()))})),
        "kmsKeyArn": Property(shape=KeyName()),
        "deadLetterConfig": Property(shape=Object({"targetArn": text(required=True)})),
        "loggingConfig": Property(
            shape=Object(
                {
                    "logFormat": text("JSON", "Text", required=True),
                    "logGroup": text(default=CHOSEN_BY_AWS),
                    "applicationLogLevel": text(default=CHOSEN_BY_AWS),
                    "systemLogLevel": text(default=CHOSEN_BY_AWS),
                }
            ),
            default=CHOSEN_BY_AWS,
        ),
        "tracingConfig": Property(
            shape=Object({"mode": text("Active", "PassThrough", required=True)}), default=CHOSEN_BY_AWS
        ),
        "ephemeralStorage": Property(shape=Object({"size": number(512, 10240, default=512)}), default=CHOSEN_BY_AWS),
        "vpcConfig": Property(shape=Object({name: Property(shape=SetOf(Text()), required=True) for name in _NETWORK})),
        "sourceCodeHash": text(default=CHOSEN_BY_AWS, write_only=True),
        "tags": TAGS,
        "arn": output(),
        "invokeArn": output(),
        "lastModified": output(*_PUBLISHED),
        "version": output(*_PUBLISHED),
        "qualifiedArn": output(*_PUBLISHED),
        "qualifiedInvokeArn": output(*_PUBLISHED),
        "sourceCodeSize": Property(shape=Number(), computed=True, follows=("code",)),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return str(inputs["name"])

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("lambda").create_function(
            FunctionName=inputs["name"],
            Code={"ZipFile": runnable(inputs["code"], inputs["runtime"], aws.folder)},
            Architectures=inputs.get("architectures", ["x86_64"]),
            Tags={**aws.tags(inputs), _RUNTIME_TAG: inputs["runtime"]},
            **_configuration(inputs),
        )
        return str(inputs["name"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        client = aws.client("lambda")
        _await_ready(client, id_)
        actual = client.get_function(FunctionName=id_)
        self._converge_code(aws, id_, inputs, actual["Configuration"])
        self._converge_configuration(client, id_, inputs, actual["Configuration"])
        self._converge_concurrency(client, id_, inputs, actual.get("Concurrency", {}))
        self._converge_tags(aws, inputs, actual)
        if inputs.get("publish"):
            client.publish_version(FunctionName=id_)  # gives the latest one again where nothing has changed

    def _converge_code(self, aws: Aws, id_: str, inputs: Inputs, actual: Mapping[str, Any]) -> None:
        package = runnable(inputs["code"], inputs["runtime"], aws.folder)
        architectures = inputs.get("architectures", ["x86_64"])
        if (actual["CodeSha256"], actual.get("Architectures")) != (fingerprint(package), architectures):
            client = aws.client("lambda")
            client.update_function_code(FunctionName=id_, ZipFile=package, Architectures=architectures)
            _await_ready(client, id_)

    def _converge_configuration(self, client: Any, id_: str, inputs: Inputs, actual: Mapping[str, Any]) -> None:
        wanted = _configuration(inputs)
        if any(_comparable(name, actual.get(name)) != _comparable(name, value) for name, value in wanted.items()):
            client.update_function_configuration(FunctionName=id_, **wanted)
            _await_ready(client, id_)

    def _converge_concurrency(self, client: Any, id_: str, inputs: Inputs, actual: Mapping[str, Any]) -> None:
        wanted, present = (
            inputs.get("reservedConcurrentExecutions", -1),
            actual.get("ReservedConcurrentExecutions", -1),
        )
        if wanted == present:
            return
        if wanted < 0:
            client.delete_function_concurrency(FunctionName=id_)
        else:
            client.put_function_concurrency(FunctionName=id_, ReservedConcurrentExecutions=wanted)

    def _converge_tags(self, aws: Aws, inputs: Inputs, actual: Mapping[str, Any]) -> None:
        client, arn = aws.client("lambda"), actual["Configuration"]["FunctionArn"]
        own = {_RUNTIME_TAG: inputs["runtime"]}
        changed, dropped = retagged(aws, inputs, actual.get("Tags", {}), own)
        if dropped:
            client.untag_resource(Resource=arn, TagKeys=dropped)
        if changed:
            client.tag_resource(Resource=arn, Tags=changed)

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        client = aws.client("lambda")
        fact = found(client.get_function, FunctionName=id_)
        if fact is None:
            return None
        configuration, tags = fact["Configuration"], dict(fact.get("Tags", {}))
        version = client.list_versions_by_function(FunctionName=id_)["Versions"][-1]["Version"]
        arn = configuration["FunctionArn"]
        return {
            **_described(configuration),
            "runtime": tags.pop(_RUNTIME_TAG, configuration.get("Runtime")),
            "reservedConcurrentExecutions": fact.get("Concurrency", {}).get("ReservedConcurrentExecutions", -1),
            "tags": tags,
            "version": version,
            "qualifiedArn": f"{arn}:{version}",
            "invokeArn": _invoke_arn(aws, arn),
            "qualifiedInvokeArn": _invoke_arn(aws, f"{arn}:{version}"),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("lambda").delete_function(FunctionName=id_)


class Alias(Resource):
    """A name for one version of a function."""

    token = "aws:lambda/alias:Alias"
    names = AutoName(most=128, dots=False)
    identity = ("functionName", "name")
    properties = {
        "name": text(replaces=True),
        "functionName": text(required=True, replaces=True),
        "functionVersion": text(required=True),
        "description": text(default=""),
        "routingConfig": Property(shape=Object({"additionalVersionWeights": Property(shape=MapOf(Number()))})),
        "arn": output(),
        "invokeArn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return aws.arn("lambda", f"function:{_name(inputs['functionName'])}:{inputs['name']}")

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        made = aws.client("lambda").create_alias(**_alias(inputs))
        return str(made["AliasArn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("lambda").update_alias(**_alias(inputs))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        function, _, name = id_.rpartition(":")
        fact = found(aws.client("lambda").get_alias, FunctionName=_name(function), Name=name)
        if fact is None:
            return None
        weights = fact.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        return {
            "name": fact["Name"],
            "functionName": _name(function),
            "functionVersion": fact["FunctionVersion"],
            "description": fact.get("Description", ""),
            "routingConfig": {"additionalVersionWeights": weights} if weights else None,
            "arn": fact["AliasArn"],
            "invokeArn": _invoke_arn(aws, fact["AliasArn"]),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        function, _, name = id_.rpartition(":")
        with absence_is_fine():
            aws.client("lambda").delete_alias(FunctionName=_name(function), Name=name)


class Permission(Resource):
    """A statement that lets a service invoke a function."""

    token = "aws:lambda/permission:Permission"
    names = AutoName(property="statementId", most=100, dots=False)
    identity = ("function", "statementId")
    properties = {
        "statementId": text(replaces=True),
        "action": text(required=True, replaces=True),
        "function": text(required=True, replaces=True),
        "principal": text(required=True, replaces=True),
        "qualifier": text(replaces=True),
        "sourceAccount": text(replaces=True),
        "sourceArn": text(replaces=True),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        qualifier = f":{inputs['qualifier']}" if inputs.get("qualifier") else ""
        return f"{_name(inputs['function'])}{qualifier}/{inputs['statementId']}"

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        aws.client("lambda").add_permission(
            **without_none(
                {
                    "FunctionName": inputs["function"],
                    "StatementId": inputs["statementId"],
                    "Action": inputs["action"],
                    "Principal": inputs["principal"],
                    "Qualifier": inputs.get("qualifier"),
                    "SourceAccount": inputs.get("sourceAccount"),
                    "SourceArn": inputs.get("sourceArn"),
                }
            )
        )
        return str(self.id_of(aws, inputs))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        function, qualifier, sid = _permission(id_)
        where = without_none({"FunctionName": function, "Qualifier": qualifier})
        answer = found(aws.client("lambda").get_policy, **where)
        statements = json.loads(answer["Policy"])["Statement"] if answer else []
        fact = next((statement for statement in statements if statement.get("Sid") == sid), None)
        if fact is None:
            return None
        principal = fact["Principal"]
        return {
            "statementId": sid,
            "function": function,
            "qualifier": qualifier,
            "action": fact["Action"],
            "principal": principal if isinstance(principal, str) else next(iter(principal.values())),
            **_described_condition(fact.get("Condition", {})),
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        function, qualifier, sid = _permission(id_)
        where = without_none({"FunctionName": function, "Qualifier": qualifier, "StatementId": sid})
        with absence_is_fine():
            aws.client("lambda").remove_permission(**where)


_DESTINATION = Property(shape=Object({"destination": text(required=True)}))


class FunctionEventInvokeConfig(Resource):
    """What happens to asynchronous invocations that fail."""

    token = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    identity = ("functionName", "qualifier")
    properties = {
        "functionName": text(required=True, replaces=True),
        "qualifier": text(replaces=True),
        "maximumEventAgeInSeconds": number(60, 21600, default=CHOSEN_BY_AWS),
        "maximumRetryAttempts": number(0, 2, default=CHOSEN_BY_AWS),
        "destinationConfig": Property(shape=Object({"onFailure": _DESTINATION, "onSuccess": _DESTINATION})),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return ":".join(filter(None, (_name(inputs["functionName"]), inputs.get("qualifier"))))

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        self.converge(aws, "", inputs, {})
        return str(self.id_of(aws, inputs))

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        wanted = inputs.get("destinationConfig") or {}
        destinations = {
            aws_name: {"Destination": wanted[name]["destination"]}
            for name, aws_name in (("onFailure", "OnFailure"), ("onSuccess", "OnSuccess"))
            if wanted.get(name)
        }
        aws.client("lambda").put_function_event_invoke_config(
            **without_none(
                {
                    "FunctionName": _name(inputs["functionName"]),
                    "Qualifier": inputs.get("qualifier"),
                    "MaximumRetryAttempts": inputs.get("maximumRetryAttempts"),
                    "MaximumEventAgeInSeconds": inputs.get("maximumEventAgeInSeconds"),
                    "DestinationConfig": destinations or None,
                }
            )
        )

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        function, _, qualifier = id_.partition(":")
        where = without_none({"FunctionName": function, "Qualifier": qualifier or None})
        fact = found(aws.client("lambda").get_function_event_invoke_config, **where)
        if fact is None:
            return None
        destinations = {
            name: {"destination": fact["DestinationConfig"][aws_name]["Destination"]}
            for name, aws_name in (("onFailure", "OnFailure"), ("onSuccess", "OnSuccess"))
            if fact.get("DestinationConfig", {}).get(aws_name, {}).get("Destination")
        }
        return {
            "functionName": function,
            "qualifier": qualifier or None,
            "maximumEventAgeInSeconds": fact.get("MaximumEventAgeInSeconds"),
            "maximumRetryAttempts": fact.get("MaximumRetryAttempts"),
            "destinationConfig": destinations or None,
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        function, _, qualifier = id_.partition(":")
        where = without_none({"FunctionName": function, "Qualifier": qualifier or None})
        with absence_is_fine():
            aws.client("lambda").delete_function_event_invoke_config(**where)


class EventSourceMapping(Resource):
    """A queue or stream whose messages a function takes."""

    token = "aws:lambda/eventSourceMapping:EventSourceMapping"
    identity = ("functionName", "eventSourceArn")
    properties = {
        "functionName": text(required=True),
        "eventSourceArn": text(required=True, replaces=True),
        "batchSize": number(1, 10000, default=CHOSEN_BY_AWS),
        "enabled": Property(shape=Flag(), default=True),
        "maximumBatchingWindowInSeconds": number(0, 300, default=0),
        "startingPosition": text("LATEST", "TRIM_HORIZON", replaces=True),
        "functionResponseTypes": Property(shape=SetOf(Text())),
        "arn": output(),
        "functionArn": output("functionName"),
        "uuid": output(),
    }

    def find(self, aws: Aws, inputs: Inputs, marker: str) -> str | None:
        listed = aws.client("lambda").list_event_source_mappings(
            FunctionName=_name(inputs["functionName"]), EventSourceArn=inputs["eventSourceArn"]
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
        fact = found(aws.client("lambda").get_event_source_mapping, UUID=id_)
        if fact is None:
            return None
        return {
            "uuid": id_,
            "arn": aws.arn("lambda", f"event-source-mapping:{id_}"),
            "functionName": _name(fact["FunctionArn"]),
            "functionArn": fact["FunctionArn"],
            "eventSourceArn": fact["EventSourceArn"],
            "batchSize": fact.get("BatchSize"),
            "enabled": fact.get("State") not in ("Disabled", "Disabling"),
            "maximumBatchingWindowInSeconds": fact.get("MaximumBatchingWindowInSeconds", 0),
            "startingPosition": fact.get("StartingPosition"),
            "functionResponseTypes": fact.get("FunctionResponseTypes") or None,
        }

    def delete(self, aws: Aws, id_: str, outputs: Mapping[str, Any]) -> None:
        with absence_is_fine():
            aws.client("lambda").delete_event_source_mapping(UUID=id_)


def _configuration(inputs: Inputs) -> dict[str, Any]:
    """What CreateFunction and UpdateFunctionConfiguration both take; what is not asked for is reset."""
    logging = inputs.get("loggingConfig") or {}
    return {
        "Runtime": "provided.al2023",
        "Handler": inputs["handler"],
        "Role": inputs["role"],
        "Description": inputs.get("description", ""),
        "MemorySize": inputs.get("memorySize", 128),
        "Timeout": inputs.get("timeout", 3),
        "Environment": {"Variables": dict((inputs.get("environment") or {}).get("variables") or {})},
        "KMSKeyArn": inputs.get("kmsKeyArn") or "",
        "DeadLetterConfig": {"TargetArn": (inputs.get("deadLetterConfig") or {}).get("targetArn", "")},
        "TracingConfig": {"Mode": (inputs.get("tracingConfig") or {}).get("mode", "PassThrough")},
        "EphemeralStorage": {"Size": (inputs.get("ephemeralStorage") or {}).get("size", 512)},
        "VpcConfig": {name: (inputs.get("vpcConfig") or {}).get(ours, []) for ours, name in _NETWORK.items()},
        **(
            {
                "LoggingConfig": without_none(
                    {
                        "LogFormat": logging["logFormat"],
                        "LogGroup": logging.get("logGroup"),
                        "ApplicationLogLevel": logging.get("applicationLogLevel"),
                        "SystemLogLevel": logging.get("systemLogLevel"),
                    }
                )
            }
            if logging
            else {}
        ),
    }


def _comparable(name: str, value: Any) -> Any:
    """AWS leaves out what is empty, and adds levels to a logging configuration."""
    if name == "LoggingConfig" and isinstance(value, Mapping):
        return {key: value.get(key) for key in ("LogFormat", "LogGroup")}
    if name == "VpcConfig":
        return {key: sorted((value or {}).get(key) or []) for key in _NETWORK.values()}
    if isinstance(value, Mapping):
        return {key: item for key, item in value.items() if item not in ("", None, {})} or None
    return value or None


def _described(fact: Mapping[str, Any]) -> Outputs:
    variables = fact.get("Environment", {}).get("Variables")
    dead_letters = fact.get("DeadLetterConfig", {}).get("TargetArn")
    logging = fact.get("LoggingConfig", {})
    network = fact.get("VpcConfig", {})
    return {
        "name": fact["FunctionName"],
        "arn": fact["FunctionArn"],
        "role": fact["Role"],
        "handler": fact["Handler"],
        "architectures": fact.get("Architectures", ["x86_64"]),
        "packageType": fact.get("PackageType", "Zip"),
        "description": fact.get("Description", ""),
        "memorySize": fact["MemorySize"],
        "timeout": fact["Timeout"],
        "environment": {"variables": variables} if variables else None,
        "kmsKeyArn": fact.get("KMSKeyArn") or None,
        "deadLetterConfig": {"targetArn": dead_letters} if dead_letters else None,
        "vpcConfig": {ours: network[name] for ours, name in _NETWORK.items()} if network.get("SubnetIds") else None,
        "loggingConfig": without_none(
            {
                "logFormat": logging.get("LogFormat", "Text"),
                "logGroup": logging.get("LogGroup"),
                "applicationLogLevel": logging.get("ApplicationLogLevel"),
                "systemLogLevel": logging.get("SystemLogLevel"),
            }
        ),
        "tracingConfig": {"mode": fact.get("TracingConfig", {}).get("Mode", "PassThrough")},
        "ephemeralStorage": {"size": fact.get("EphemeralStorage", {}).get("Size", 512)},
        "lastModified": fact["LastModified"],
        "sourceCodeSize": fact["CodeSize"],
    }


def _await_ready(client: Any, name: str) -> None:
    """A function cannot be changed while an earlier change is under way."""
    for _ in range(200):
        fact = client.get_function_configuration(FunctionName=name)
        if fact.get("State", "Active") == "Active" and fact.get("LastUpdateStatus", "Successful") == "Successful":
            return
        time.sleep(0.05)


def _invoke_arn(aws: Aws, arn: str) -> str:
    path = f"path/2015-03-31/functions/{arn}/invocations"
    return f"arn:{aws.partition}:apigateway:{aws.region}:lambda:{path}"


def _alias(inputs: Inputs) -> dict[str, Any]:
    weights = (inputs.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    return {
        "FunctionName": inputs["functionName"],
        "Name": inputs["name"],
        "FunctionVersion": inputs["functionVersion"],
        "Description": inputs.get("description", ""),
        "RoutingConfig": {"AdditionalVersionWeights": dict(weights)},
    }


def _name(function: str) -> str:
    """The name in an ARN, or the name itself."""
    return function.split(":")[6] if function.startswith("arn:") else function.split(":")[0]


def _permission(id_: str) -> tuple[str, str | None, str]:
    function, _, sid = id_.partition("/")
    name, _, qualifier = function.partition(":")
    return name, qualifier or None, sid


def _described_condition(condition: Mapping[str, Any]) -> dict[str, Any]:
    values = {key.lower(): value for group in condition.values() for key, value in group.items()}
    return {"sourceAccount": values.get("aws:sourceaccount"), "sourceArn": values.get("aws:sourcearn")}


def _mapping(inputs: Inputs) -> dict[str, Any]:
    return without_none(
        {
            "FunctionName": inputs["functionName"],
            "BatchSize": inputs.get("batchSize"),
            "Enabled": inputs.get("enabled", True),
            "MaximumBatchingWindowInSeconds": inputs.get("maximumBatchingWindowInSeconds"),
            "FunctionResponseTypes": list(inputs.get("functionResponseTypes") or ()),
        }
    )
