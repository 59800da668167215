"""Invocation of functions: permissions, aliases of versions, and destinations of failures.

https://docs.aws.amazon.com/lambda/latest/api/API_AddPermission.html
"""

import json

from ..aws import Aws
from ..property_schema import CHOSEN_BY_AWS, MapOf, Number, Object, Property
from ..property_values import ReadonlyValues, Values
from ..resource import AutoName, Inputs, Outputs, Resource
from .common import fetch_or_none, ignore_not_found, number, output, string, without_none


class Alias(Resource):
    """An alias: a name for one version of a function."""

    token = "aws:lambda/alias:Alias"
    auto_name = AutoName()
    identity = ("functionName", "name")
    properties = {
        "name": string(replaces=True),
        "functionName": string(required=True, replaces=True),
        "functionVersion": string(required=True),
        "description": string(default=""),
        "routingConfig": Property(schema=Object({"additionalVersionWeights": Property(schema=MapOf(Number()))})),
        "arn": output(),
        "invokeArn": output(),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return aws.arn("lambda", f"function:{function_name(inputs['functionName'])}:{inputs['name']}")

    def create(self, aws: Aws, inputs: Inputs, marker: str) -> str:
        created = aws.client("lambda").create_alias(**_alias_arguments(inputs))
        return str(created["AliasArn"])

    def converge(self, aws: Aws, id_: str, inputs: Inputs, old: Inputs) -> None:
        aws.client("lambda").update_alias(**_alias_arguments(inputs))

    def read(self, aws: Aws, id_: str) -> Outputs | None:
        function, _, name = id_.rpartition(":")
        fact = fetch_or_none(aws.client("lambda").get_alias, FunctionName=function_name(function), Name=name)
        if fact is None:
            return None
        weights = fact.get("RoutingConfig", {}).get("AdditionalVersionWeights")
        return {
            "name": fact["Name"],
            "functionName": function_name(function),
            "functionVersion": fact["FunctionVersion"],
            "description": fact.get("Description", ""),
            "routingConfig": {"additionalVersionWeights": weights} if weights else None,
            "arn": fact["AliasArn"],
            "invokeArn": invoke_arn(aws, fact["AliasArn"]),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        function, _, name = id_.rpartition(":")
        with ignore_not_found():
            aws.client("lambda").delete_alias(FunctionName=function_name(function), Name=name)


class Permission(Resource):
    """A statement that lets a service invoke a function."""

    token = "aws:lambda/permission:Permission"
    auto_name = AutoName(property="statementId", max_length=100)
    identity = ("function", "statementId")
    properties = {
        "statementId": string(replaces=True),
        "action": string(required=True, replaces=True),
        "function": string(required=True, replaces=True),
        "principal": string(required=True, replaces=True),
        "qualifier": string(replaces=True),
        "sourceAccount": string(replaces=True),
        "sourceArn": string(replaces=True),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        qualifier = f":{inputs['qualifier']}" if inputs.get("qualifier") else ""
        return f"{function_name(inputs['function'])}{qualifier}/{inputs['statementId']}"

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
        function, qualifier, sid = _split_id(id_)
        where = without_none({"FunctionName": function, "Qualifier": qualifier})
        answer = fetch_or_none(aws.client("lambda").get_policy, **where)
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
            **_condition_outputs(fact.get("Condition", {})),
        }

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        function, qualifier, sid = _split_id(id_)
        where = without_none({"FunctionName": function, "Qualifier": qualifier, "StatementId": sid})
        with ignore_not_found():
            aws.client("lambda").remove_permission(**where)


_DESTINATION = Property(schema=Object({"destination": string(required=True)}))


class FunctionEventInvokeConfig(Resource):
    """Retries and destinations of asynchronous invocations."""

    token = "aws:lambda/functionEventInvokeConfig:FunctionEventInvokeConfig"
    identity = ("functionName", "qualifier")
    properties = {
        "functionName": string(required=True, replaces=True),
        "qualifier": string(replaces=True),
        "maximumEventAgeInSeconds": number(60, 21600, default=CHOSEN_BY_AWS),
        "maximumRetryAttempts": number(0, 2, default=CHOSEN_BY_AWS),
        "destinationConfig": Property(schema=Object({"onFailure": _DESTINATION, "onSuccess": _DESTINATION})),
    }

    def id_of(self, aws: Aws, inputs: Inputs) -> str | None:
        return ":".join(filter(None, (function_name(inputs["functionName"]), inputs.get("qualifier"))))

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
                    "FunctionName": function_name(inputs["functionName"]),
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
        fact = fetch_or_none(aws.client("lambda").get_function_event_invoke_config, **where)
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

    def delete(self, aws: Aws, id_: str, outputs: Inputs) -> None:
        function, _, qualifier = id_.partition(":")
        where = without_none({"FunctionName": function, "Qualifier": qualifier or None})
        with ignore_not_found():
            aws.client("lambda").delete_function_event_invoke_config(**where)


def invoke_arn(aws: Aws, arn: str) -> str:
    path = f"path/2015-03-31/functions/{arn}/invocations"
    return f"arn:{aws.partition}:apigateway:{aws.region}:lambda:{path}"


def _alias_arguments(inputs: Inputs) -> Values:
    weights = (inputs.get("routingConfig") or {}).get("additionalVersionWeights") or {}
    return {
        "FunctionName": inputs["functionName"],
        "Name": inputs["name"],
        "FunctionVersion": inputs["functionVersion"],
        "Description": inputs.get("description", ""),
        "RoutingConfig": {"AdditionalVersionWeights": dict(weights)},
    }


def function_name(function: str) -> str:
    """Return the function's name from an ARN, a qualified name or the name itself."""
    return function.split(":")[6] if function.startswith("arn:") else function.split(":")[0]


def _split_id(id_: str) -> tuple[str, str | None, str]:
    function, _, sid = id_.partition("/")
    name, _, qualifier = function.partition(":")
    return name, qualifier or None, sid


def _condition_outputs(condition: ReadonlyValues) -> Values:
    values = {key.lower(): value for group in condition.values() for key, value in group.items()}
    return {"sourceAccount": values.get("aws:sourceaccount"), "sourceArn": values.get("aws:sourcearn")}
