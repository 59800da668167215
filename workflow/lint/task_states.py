"""Checks what a Task calls: that it exists, gets what it needs, and that its token is passed on."""

from __future__ import annotations

import re
from typing import Final

from ..asl.definition import JsonObject
from ..asl.integrations import Target, UnknownTarget, is_sdk_spelling, needs_of, target_of
from ..asl.json_type import Json
from ..asl.json_values import walk
from ..asl.suggestions import joined, likely, meant, nearest
from ..queries.jsonata_evaluation import is_expression
from .lint_context import Sight
from .templates import is_open, is_reference_of_a_template, looks_like_path

_NAMED: Final = "ExpressionAttributeNames ExpressionAttributeValues ReturnConsumedCapacity ReturnItemCollectionMetrics"
_WRITTEN: Final = f"{_NAMED} ConditionExpression ReturnValues ReturnValuesOnConditionCheckFailure Expected"
_TAKES: Final = {
    "lambda:invoke": "FunctionName Payload InvocationType ClientContext Qualifier LogType TenantId "
    "DurableExecutionName",
    "sqs:sendMessage": "QueueUrl MessageBody DelaySeconds MessageAttributes MessageSystemAttributes "
    "MessageDeduplicationId MessageGroupId",
    "sns:publish": "TopicArn TargetArn PhoneNumber Message Subject MessageStructure MessageAttributes "
    "MessageDeduplicationId MessageGroupId",
    "states:startExecution": "StateMachineArn Input Name TraceHeader",
    "dynamodb:getItem": "TableName Key AttributesToGet ConsistentRead ReturnConsumedCapacity ProjectionExpression "
    "ExpressionAttributeNames",
    "dynamodb:putItem": f"TableName Item ConditionalOperator {_WRITTEN}",
    "dynamodb:updateItem": f"TableName Key UpdateExpression AttributeUpdates ConditionalOperator {_WRITTEN}",
    "dynamodb:deleteItem": f"TableName Key ConditionalOperator {_WRITTEN}",
    "http:invoke": "ApiEndpoint Method Authentication InvocationConfig Headers QueryParameters RequestBody Transform",
}
"""What the most used calls take; others may take more than is known here."""


def check_task(sight: Sight) -> None:
    """Check Resource, its arguments, and Credentials."""
    target = _target(sight)
    if target is not None:
        _check_arguments(sight, target)
        _check_token(sight, target)
        if sight.express and target.needs_standard:
            what = f"The pattern {target.pattern}" if target.pattern else "An activity"
            sight.findings.error(
                "EXPRESS_NOT_SUPPORTED",
                sight.at("Resource"),
                f"{what} is not there in EXPRESS workflows.",
                "Use a STANDARD workflow, or request and response.",
            )
    _check_credentials(sight)


def _target(sight: Sight) -> Target | None:
    resource = sight.fields.get("Resource")
    if "Resource" not in sight.fields:
        sight.missing(sight.state.pointer, "Resource", "A Task says what it calls.")
        return None
    if not isinstance(resource, str):
        if not is_reference_of_a_template(resource):
            sight.wrong_type(sight.at("Resource"), "Resource is a text: an ARN.")
        return None
    if is_expression(resource):
        sight.findings.error(
            "INVALID_RESOURCE", sight.at("Resource"), "Resource is a fixed text, and no expression.", "Write the ARN."
        )
        return None
    if not is_open(resource):
        return _known(sight, resource)
    action = resource.split(":states:::")[-1]
    return None if is_open(action) else _known(sight, f"arn:aws:states:::{action}")


def _known(sight: Sight, resource: str) -> Target | None:
    try:
        return target_of(resource)
    except UnknownTarget as error:
        remedy = meant(error.word, error.words) if error.word else ""
        if error.certain or (error.word and nearest(error.word, error.words)):
            sight.findings.error("INVALID_RESOURCE", sight.at("Resource"), str(error), remedy)
        else:
            sight.findings.warning("UNKNOWN_SERVICE", sight.at("Resource"), str(error), remedy)
        return None


def _check_arguments(sight: Sight, target: Target) -> None:
    name = "Arguments" if sight.speaks_jsonata else "Parameters"
    given = sight.fields.get(name)
    needs = list(needs_of(target))
    if name not in sight.fields and _of_other_language(sight):
        return
    if name not in sight.fields and target.kind == "sdk" and sight.speaks_jsonata:
        sight.missing(sight.state.pointer, "Arguments", "A call of the AWS SDK has Arguments, if only {}.")
    elif name not in sight.fields and needs and not target.waits_for_token:
        sight.findings.warning(
            "MISSING_ARGUMENT",
            sight.state.pointer,
            f"{target.service}:{target.action} needs {', '.join(needs)}, and the state has no {name}.",
            f"Add {name}.",
        )
    elif sight.speaks_jsonata and isinstance(given, str) and target.service:
        if not is_expression(given) and not is_open(given):
            sight.wrong_type(sight.at(name), "Arguments is an object, or an expression that yields one.")
    elif isinstance(given, dict):
        _check_needs(sight, given, needs, name, target)
        _check_spelling(sight, given, needs, name, target)
        payload = given.get("Payload", "")
        if (target.service, target.action) == ("lambda", "invoke") and isinstance(payload, bool | int | float):
            sight.wrong_type(sight.at(name, "Payload"), "Payload is an object, an array, a text or null.")
    elif name in sight.fields and not sight.speaks_jsonata and _wants_names(target) and not is_open(given):
        sight.wrong_type(sight.at(name), f"{name} of an integration is an object.", "Name what you pass: {…}.")


def _wants_names(target: Target) -> bool:
    return target.kind in ("optimised", "sdk")


def _of_other_language(sight: Sight) -> bool:
    """Whether the arguments are there in the words of the other query language, which is said elsewhere."""
    return ("Parameters" if sight.speaks_jsonata else "Arguments") in sight.fields


def _check_needs(sight: Sight, given: JsonObject, needs: list[str], name: str, target: Target) -> None:
    names = [key.removesuffix(".$") for key in given]
    is_same = is_sdk_spelling if target.kind == "sdk" else str.__eq__
    lacking = [need for need in needs if not any(is_same(key, each) for each in need.split("|") for key in names)]
    misspelled = {need: near for need in lacking if (near := likely(need, given))}
    missing = [need.replace("|", " or ") for need in lacking if need not in misspelled]
    for need, near in misspelled.items():
        _lacks(sight, target, name, need, f"Is {near} meant to be {need}?")
    if missing:
        _lacks(sight, target, name, joined(missing), f"Add {'them' if missing[1:] else 'it'} to {name}.")


def _lacks(sight: Sight, target: Target, name: str, what: str, remedy: str) -> None:
    call = f"{target.service}:{target.action}"
    sight.findings.error("MISSING_ARGUMENT", sight.at(name), f"{call} cannot do without {what}.", remedy)


def _check_spelling(sight: Sight, given: JsonObject, needs: list[str], name: str, target: Target) -> None:
    """Refuse an argument that starts with a small letter; doubt one that none of the most used calls takes."""
    call = f"{target.service}:{target.action}"
    takes = _TAKES.get(call, "").split() if target.kind == "optimised" else []
    for key in given:
        bare = key.removesuffix(".$")
        near = likely(bare, takes or needs)
        if bare in takes or (near is not None and near in needs) or is_open(bare) or not target.service:
            continue
        if bare[:1].islower():
            sight.small_argument(key, sight.at(name, key), call)
        elif takes:
            remedy = f"Did you mean {near}?" if near else "Remove it."
            sight.findings.warning("UNKNOWN_FIELD", sight.at(name, key), f"{call} takes no {bare}.", remedy)


def _check_token(sight: Sight, target: Target) -> None:
    name = "Arguments" if sight.speaks_jsonata else "Parameters"
    given = sight.fields.get(name)
    wanted = "$states.context.Task.Token" if sight.speaks_jsonata else "$$.Task.Token"
    sent = [names for names, place in sight.texts.context if place.startswith(_sending(sight, name))]
    passed = any(names in ((), ("Task",)) or names[:2] == ("Task", "Token") for names in sent)
    readable = isinstance(given, dict | str) or name not in sight.fields
    if target.waits_for_token and not passed and readable and not is_open(given) and not _of_other_language(sight):
        holder = sight.at(name) if name in sight.fields else sight.state.pointer
        near = next((place for place, value in walk(given, holder) if _is_almost_token(value)), None)
        if near is not None and not sight.findings.make_way(near):
            return
        sight.findings.error(
            "MISSING_TASK_TOKEN",
            holder if near is None else near,
            "The task waits for its token, and "
            + ("the token is passed to nobody." if near is None else "this does not pass it."),
            f"Pass {wanted}." if sight.speaks_jsonata else f"Pass {wanted}, in a field that ends in .$.",
        )
    elif ("Task", "Token") in sent and not target.pattern and target.kind != "activity":
        sight.findings.warning(
            "UNUSED_TASK_TOKEN",
            sight.at(name) if name in sight.fields else sight.state.pointer,
            "A task token is passed, and the task does not wait for it.",
            "End the Resource with .waitForTaskToken.",
        )


def _sending(sight: Sight, name: str) -> tuple[str, ...]:
    """Where what is sent comes from: the arguments, or the state's input where there are none."""
    return (sight.at(name), sight.at("InputPath"))


def _is_almost_token(value: Json) -> bool:
    return isinstance(value, str) and re.search(r"(?i)\btask\.token\b", value) is not None


def _check_credentials(sight: Sight) -> None:
    if "Credentials" not in sight.fields:
        return
    given = sight.fields["Credentials"]
    if is_open(given):
        return
    if not isinstance(given, dict):
        sight.wrong_type(sight.at("Credentials"), "Credentials is an object with RoleArn.")
        return
    _check_role(sight, given)


def _check_role(sight: Sight, given: dict[str, Json]) -> None:
    sight.known_fields(given, {"RoleArn": "both", "RoleArn.$": "JSONPath"}, sight.at("Credentials"), "Credentials")
    role = sight.text(given, "RoleArn", sight.at("Credentials"))
    if role is not None and not role.startswith(("arn:", "{%")) and not is_open(role) and not looks_like_path(role):
        sight.findings.error(
            "INVALID_VALUE", sight.at("Credentials", "RoleArn"), f"{role!r} is no ARN of a role.", "Write its ARN."
        )
    if sight.speaks_jsonata:
        sight.texts.jsonata(given, sight.at("Credentials"), "before")
    else:
        sight.texts.template(given, sight.at("Credentials"))
    if not {"RoleArn", "RoleArn.$"} & set(given):
        sight.missing(sight.at("Credentials"), "RoleArn", "Credentials name a role.")
