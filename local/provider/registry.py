"""The registry of resource types and data sources. Any other is rejected by name."""

from collections.abc import Callable, Mapping
from difflib import get_close_matches
from functools import cache

from ..errors import InvalidFunctionArguments, UnsupportedFunction, UnsupportedType
from .aws import Aws
from .property_values import ReadonlyValues, Values
from .resource import Resource
from .resources import (
    apigateway,
    backup,
    cloudwatch,
    cognito,
    dashboards,
    dynamodb,
    event_buses,
    event_sources,
    eventbridge,
    iam,
    invocations,
    kms,
    lambda_,
    logs,
    s3,
    s3_objects,
    s3_rules,
    s3_settings,
    scheduler,
    sfn,
    signer,
    sns,
    sqs,
)

_MODULES = (
    *(apigateway, backup, cloudwatch, cognito, dashboards, dynamodb, event_buses, event_sources, eventbridge, iam),
    *(invocations, kms, lambda_, logs, s3, s3_objects, s3_rules, s3_settings, scheduler, sfn, signer, sns, sqs),
)


@cache
def resource_types() -> Mapping[str, Resource]:
    """Every supported type by its token, in order of the tokens."""
    found = {
        kind.token: kind()
        for module in _MODULES
        for kind in vars(module).values()
        if isinstance(kind, type) and issubclass(kind, Resource) and "token" in vars(kind)
    }
    return dict(sorted(found.items()))


def resource_type(token: str) -> Resource:
    """Return the class of a type. If there is none, raise an error with similar names."""
    found = resource_types().get(token)
    if found is None:
        similar = get_close_matches(token, resource_types(), n=3, cutoff=0.5)
        hint = f"; did you mean {', '.join(similar)}?" if similar else ""
        raise UnsupportedType(
            f"the resource type {token} is not supported in the embedded AWS{hint} "
            "(docs/reference/fidelity.md lists all that are)"
        )
    return found


def _caller_identity(aws: Aws) -> Values:
    return {"accountId": aws.caller["Account"], "arn": aws.caller["Arn"], "userId": aws.caller["UserId"]}


def _region(aws: Aws) -> Values:
    return {
        "name": aws.region,
        "region": aws.region,
        "description": "US East (N. Virginia)",
        "endpoint": f"ec2.{aws.region}.amazonaws.com",
    }


def _partition(aws: Aws) -> Values:
    return {"partition": aws.partition, "dnsSuffix": "amazonaws.com", "reverseDnsPrefix": "com.amazonaws"}


_FUNCTIONS: Mapping[str, Callable[[Aws], Values]] = {
    "aws:index/getCallerIdentity:getCallerIdentity": _caller_identity,
    "aws:index/getPartition:getPartition": _partition,
    "aws:index/getRegion:getRegion": _region,
}


def supported_functions() -> tuple[str, ...]:
    """Every supported data source by its token."""
    return tuple(sorted(_FUNCTIONS))


def call_function(aws: Aws, token: str, args: ReadonlyValues) -> Values:
    """Return the result of a data source. Its only argument is `region`, which must be the region here."""
    function = _FUNCTIONS.get(token)
    if function is None:
        raise UnsupportedFunction(
            f"the function {token} is not supported in the embedded AWS; "
            f"supported are: {', '.join(supported_functions())}"
        )
    arguments = {name: value for name, value in args.items() if value is not None}
    for name, value in arguments.items():
        if (name, value) not in (("region", aws.region), ("id", aws.region)):
            raise InvalidFunctionArguments(
                f"{token} was called with {name}={value!r}, which the embedded AWS does not support"
            )
    result = function(aws)
    return {"id": arguments.get("id") or result.get("accountId") or result.get("region") or aws.partition, **result}
