"""Check a Task: that its Resource exists, has its required arguments, and is given the task token if it waits."""

from __future__ import annotations

import re

from ..asl.definition import JsonObject
from ..asl.integrations import IntegrationTarget, UnknownTarget, arguments_of, is_sdk_spelling, needs_of, target_of
from ..asl.json_type import Json
from ..asl.json_values import walk
from ..asl.suggestions import format_list, likely, nearest, suggest
from ..queries.jsonata_evaluation import is_expression
from .lint_context import LintContext
from .reads import has_placeholders, is_cloudformation_reference, looks_like_path


def check_task(context: LintContext) -> None:
    """Check a Task's Resource with its arguments and task token, and its Credentials."""
    target = _target(context)
    if target is not None:
        _check_arguments(context, target)
        _check_token(context, target)
        if context.express and target.needs_standard:
            what = f"the pattern {target.pattern}" if target.pattern else "activities"
            context.findings.error(
                "EXPRESS_NOT_SUPPORTED",
                context.at("Resource"),
                f"EXPRESS workflows do not support {what}.",
                "Use a STANDARD workflow, or the request-response pattern.",
            )
    _check_credentials(context)


def _target(context: LintContext) -> IntegrationTarget | None:
    resource = context.fields.get("Resource")
    if "Resource" not in context.fields:
        context.missing(context.state.pointer, "Resource", "A Task state must have a Resource.")
        return None
    if not isinstance(resource, str):
        if not is_cloudformation_reference(resource):
            context.wrong_type(context.at("Resource"), "Resource must be a string: an ARN.")
        return None
    if is_expression(resource):
        context.findings.error(
            "INVALID_RESOURCE",
            context.at("Resource"),
            "Resource must be a fixed string, not an expression.",
            "Write the ARN.",
        )
        return None
    if not has_placeholders(resource):
        return _check_target(context, resource)
    action = resource.split(":states:::")[-1]
    return None if has_placeholders(action) else _check_target(context, f"arn:aws:states:::{action}")


def _check_target(context: LintContext, resource: str) -> IntegrationTarget | None:
    try:
        return target_of(resource)
    except UnknownTarget as error:
        remedy = suggest(error.word, error.words) if error.word else ""
        if error.certain or (error.word and nearest(error.word, error.words)):
            context.findings.error("INVALID_RESOURCE", context.at("Resource"), str(error), remedy)
        else:
            context.findings.warning("UNKNOWN_SERVICE", context.at("Resource"), str(error), remedy)
        return None


def _check_arguments(context: LintContext, target: IntegrationTarget) -> None:
    name = "Arguments" if context.uses_jsonata else "Parameters"
    given = context.fields.get(name)
    required = list(needs_of(target))
    if name not in context.fields and _of_other_language(context):
        return
    if name not in context.fields and target.kind == "sdk" and context.uses_jsonata:
        context.missing(
            context.state.pointer, "Arguments", "An AWS SDK call must have Arguments, even if they are empty: {}."
        )
    elif name not in context.fields and required and not target.waits_for_token:
        context.findings.warning(
            "MISSING_ARGUMENT",
            context.state.pointer,
            f"{target.service}:{target.action} requires {', '.join(required)}, but the state has no {name}.",
            f"Add {name}.",
        )
    elif context.uses_jsonata and isinstance(given, str) and target.service:
        if not is_expression(given) and not has_placeholders(given):
            context.wrong_type(context.at(name), "Arguments must be an object, or an expression that yields one.")
    elif isinstance(given, dict):
        _check_required(context, given, required, name, target)
        _check_spelling(context, given, required, name, target)
        payload = given.get("Payload", "")
        if (target.service, target.action) == ("lambda", "invoke") and isinstance(payload, bool | int | float):
            context.wrong_type(context.at(name, "Payload"), "Payload must be an object, an array, a string or null.")
    elif (
        name in context.fields and not context.uses_jsonata and _requires_object(target) and not has_placeholders(given)
    ):
        context.wrong_type(
            context.at(name), f"{name} of an integration must be an object.", "Write an object with named values: {…}."
        )


def _requires_object(target: IntegrationTarget) -> bool:
    return target.kind in ("optimised", "sdk")


def _of_other_language(context: LintContext) -> bool:
    """Return true if the arguments are in the field of the other query language, which is reported elsewhere."""
    return ("Parameters" if context.uses_jsonata else "Arguments") in context.fields


def _check_required(
    context: LintContext, given: JsonObject, required: list[str], name: str, target: IntegrationTarget
) -> None:
    names = [key.removesuffix(".$") for key in given]
    is_same = is_sdk_spelling if target.kind == "sdk" else str.__eq__
    absent = [
        argument
        for argument in required
        if not any(is_same(key, each) for each in argument.split("|") for key in names)
    ]
    misspelled = {argument: written for argument in absent if (written := likely(argument, given))}
    missing = [argument.replace("|", " or ") for argument in absent if argument not in misspelled]
    for argument, written in misspelled.items():
        _report_missing(context, target, name, argument, f"Did you mean {argument} instead of {written}?")
    if missing:
        _report_missing(
            context, target, name, format_list(missing), f"Add {'them' if missing[1:] else 'it'} to {name}."
        )


def _report_missing(context: LintContext, target: IntegrationTarget, name: str, what: str, remedy: str) -> None:
    call = f"{target.service}:{target.action}"
    context.findings.error("MISSING_ARGUMENT", context.at(name), f"{call} requires {what}.", remedy)


def _check_spelling(
    context: LintContext, given: JsonObject, required: list[str], name: str, target: IntegrationTarget
) -> None:
    """Report arguments with a lower-case initial; warn about unknown ones if the arguments of the call are known."""
    call = f"{target.service}:{target.action}"
    known_arguments = arguments_of(target)
    for key in given:
        bare = key.removesuffix(".$")
        suggestion = likely(bare, known_arguments or required)
        if (
            bare in known_arguments
            or (suggestion is not None and suggestion in required)
            or has_placeholders(bare)
            or not target.service
        ):
            continue
        if bare[:1].islower():
            context.lowercase_argument(key, context.at(name, key), call)
        elif known_arguments:
            remedy = f"Did you mean {suggestion}?" if suggestion else "Remove it."
            context.findings.warning("UNKNOWN_FIELD", context.at(name, key), f"{call} has no argument {bare}.", remedy)


def _check_token(context: LintContext, target: IntegrationTarget) -> None:
    name = "Arguments" if context.uses_jsonata else "Parameters"
    given = context.fields.get(name)
    token = "$states.context.Task.Token" if context.uses_jsonata else "$$.Task.Token"
    sent = [names for names, pointer in context.strings.context if pointer.startswith(_sent_pointers(context, name))]
    passed = any(names in ((), ("Task",)) or names[:2] == ("Task", "Token") for names in sent)
    readable = isinstance(given, dict | str) or name not in context.fields
    if (
        target.waits_for_token
        and not passed
        and readable
        and not has_placeholders(given)
        and not _of_other_language(context)
    ):
        holder = context.at(name) if name in context.fields else context.state.pointer
        malformed = next((pointer for pointer, value in walk(given, holder) if _is_almost_token(value)), None)
        if malformed is not None and not context.findings.clear_warnings(malformed):
            return
        context.findings.error(
            "MISSING_TASK_TOKEN",
            holder if malformed is None else malformed,
            "The task waits for its task token, but "
            + ("its arguments do not pass the token." if malformed is None else "this value does not pass the token."),
            f"Pass {token}." if context.uses_jsonata else f"Pass {token}, in a field whose name ends in .$.",
        )
    elif ("Task", "Token") in sent and not target.pattern and target.kind != "activity":
        context.findings.warning(
            "UNUSED_TASK_TOKEN",
            context.at(name) if name in context.fields else context.state.pointer,
            "The task passes its task token but does not wait for it.",
            "Add .waitForTaskToken to the Resource, or do not pass the token.",
        )


def _sent_pointers(context: LintContext, name: str) -> tuple[str, ...]:
    """Return the pointers of the fields that determine the data sent: the arguments and, without these, InputPath."""
    return (context.at(name), context.at("InputPath"))


def _is_almost_token(value: Json) -> bool:
    return isinstance(value, str) and re.search(r"(?i)\btask\.token\b", value) is not None


def _check_credentials(context: LintContext) -> None:
    if "Credentials" not in context.fields:
        return
    given = context.fields["Credentials"]
    if has_placeholders(given):
        return
    if not isinstance(given, dict):
        context.wrong_type(context.at("Credentials"), "Credentials must be an object with RoleArn.")
        return
    _check_role(context, given)


def _check_role(context: LintContext, given: dict[str, Json]) -> None:
    context.check_field_names(
        given, {"RoleArn": "both", "RoleArn.$": "JSONPath"}, context.at("Credentials"), "Credentials"
    )
    role = context.check_string(given, "RoleArn", context.at("Credentials"))
    if (
        role is not None
        and not role.startswith(("arn:", "{%"))
        and not has_placeholders(role)
        and not looks_like_path(role)
    ):
        context.findings.error(
            "INVALID_VALUE",
            context.at("Credentials", "RoleArn"),
            f"{role!r} is not the ARN of an IAM role.",
            "Write the ARN of the role.",
        )
    if context.uses_jsonata:
        context.strings.check_jsonata(given, context.at("Credentials"), "before")
    else:
        context.strings.check_template(given, context.at("Credentials"))
    if not {"RoleArn", "RoleArn.$"} & set(given):
        context.missing(context.at("Credentials"), "RoleArn", "Credentials must have RoleArn.")
