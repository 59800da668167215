"""Check the fields of a state of any type.

Longer than 250 lines because it also contains the few checks of each small state type.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..asl.fields import ALL_FIELDS, FIELDS, LANGUAGES, TEXT_FUNCTIONS, TYPES, TYPES_THAT_CAN_FAIL, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_EXPRESS_SECONDS, MAX_VARIABLE_NAME_LENGTH
from ..asl.suggestions import format_list, suggest
from .choice_rules import check_choices
from .error_handling import check_catchers, check_error_name, check_retriers
from .lint_context import LintContext, is_time
from .reads import has_placeholders, is_jsonpath_key, looks_like_path
from .task_states import check_task
from .templates import Phase

_OF_ANY_TYPE: Final[Mapping[str, Language]] = dict.fromkeys(ALL_FIELDS, "both")


def check_fields(context: LintContext) -> None:
    """Check the fields of a state, except its transitions and nested scopes, which scopes.py checks."""
    if not _has_type(context):
        context.check_field_names(context.fields, _OF_ANY_TYPE, context.state.pointer, "a state")
        return
    kind = context.state.type
    context.check_field_names(context.fields, FIELDS[kind], context.state.pointer, f"a {kind} state")
    _check_comment_and_language(context)
    if context.uses_jsonata:
        _check_jsonata_fields(context)
    else:
        _check_path_fields(context)
    check_assign(context, context.fields, context.state.pointer, "after")
    if kind in _BY_TYPE:
        _BY_TYPE[kind](context)
    if kind in TYPES_THAT_CAN_FAIL:
        check_retriers(context)
        check_catchers(context, check_assign)


def check_assign(context: LintContext, holder: Mapping[str, Json], pointer: str, phase: Phase) -> None:
    """Check the variables that a state, a choice rule or a catcher assigns."""
    if "Assign" not in holder:
        return
    assigned, location = holder["Assign"], f"{pointer}/Assign"
    if has_placeholders(assigned):
        return
    if not isinstance(assigned, dict):
        context.wrong_type(location, "Assign must be an object that maps variable names to values.")
        return
    for key in assigned:
        if context.uses_jsonata and is_jsonpath_key(key, assigned[key]):
            continue  # reported with its value below
        name = key if context.uses_jsonata else key.removesuffix(".$")
        _check_variable_name(context, name, child(location, key))
    if context.uses_jsonata:
        context.strings.check_jsonata(assigned, location, phase, named=True)
    else:
        context.strings.check_template(assigned, location)


def _check_variable_name(context: LintContext, name: str, pointer: str) -> None:
    if name == "states":
        context.findings.error(
            "RESERVED_VARIABLE", pointer, "$states is reserved and cannot be assigned.", "Choose another name."
        )
    elif not name.isidentifier() or name.startswith("_") or len(name) > MAX_VARIABLE_NAME_LENGTH:
        context.findings.error(
            "INVALID_VARIABLE_NAME",
            pointer,
            f"{name[:100]!r} is not a valid variable name: it must be a letter followed by letters, digits and _, "
            f"at most {MAX_VARIABLE_NAME_LENGTH} characters.",
            "Choose another name.",
        )


def _has_type(context: LintContext) -> bool:
    kind = context.fields.get("Type")
    if "Type" not in context.fields:
        context.missing(context.state.pointer, "Type", "The state has no Type.", f"Add one of {', '.join(TYPES)}.")
    elif not isinstance(kind, str):
        context.wrong_type(context.at("Type"), "Type must be a string.")
    elif kind not in TYPES:
        context.findings.error(
            "UNKNOWN_TYPE", context.at("Type"), f"There is no state type {kind!r}.", suggest(kind, TYPES, _types())
        )
    return isinstance(kind, str) and kind in TYPES


def _types() -> str:
    return f"Type must be one of {', '.join(TYPES)}."


def _check_comment_and_language(context: LintContext) -> None:
    context.check_string(context.fields, "Comment", context.state.pointer)
    own = context.check_enum(context.fields, "QueryLanguage", context.state.pointer, LANGUAGES)
    scope = context.state.scope
    if own == "JSONPath" and scope.query_language == "JSONata":
        context.findings.error(
            "WRONG_QUERY_LANGUAGE",
            context.at("QueryLanguage"),
            "A state cannot use JSONPath if the machine uses JSONata.",
            'Set "QueryLanguage": "JSONPath" for the machine, and JSONata for individual states.',
        )


def _check_jsonata_fields(context: LintContext) -> None:
    if "Arguments" in context.fields:
        arguments = context.fields["Arguments"]
        if context.state.type == "Task" and not isinstance(arguments, dict | str):
            context.wrong_type(
                context.at("Arguments"), "Arguments must be an object, or an expression that yields one."
            )
        named = ":states:::" in str(context.fields.get("Resource"))
        context.strings.check_jsonata(arguments, context.at("Arguments"), "before", named=named)
    if "Output" in context.fields:
        context.strings.check_jsonata(context.fields["Output"], context.at("Output"), "after")


def _check_path_fields(context: LintContext) -> None:
    fields = context.fields
    for name in ("InputPath", "OutputPath"):
        if name in fields and fields[name] is not None:
            context.strings.check_path(fields[name], context.at(name))
    if fields.get("ResultPath") is not None:
        context.strings.check_path(fields["ResultPath"], context.at("ResultPath"), reference=True)
    for name in ("Parameters", "ResultSelector"):
        if name in fields:
            _check_template(context, name)
    if "Result" in fields and context.state.type == "Pass":
        _check_static_result(context)


def _check_template(context: LintContext, name: str) -> None:
    value = context.fields[name]
    if isinstance(value, str) and name == "Parameters" and ":states:::" in str(context.fields.get("Resource")):
        return  # an integration takes no string, which task_states.py reports
    if name == "Parameters" or isinstance(value, dict):  # unlike the specification, AWS accepts any Parameters
        context.strings.check_template(value, context.at(name))
    elif isinstance(value, str) and not has_placeholders(value):
        context.findings.warning(
            "WRONG_TYPE",
            context.at(name),
            f"{name} is a literal string: a JSONPath in it is not evaluated.",
            'Write an object: {"name.$": "$.path"}.',
        )
    elif not has_placeholders(value):
        context.wrong_type(context.at(name), f"{name} must be an object.", "Write an object with named values: {…}.")


def _check_static_result(context: LintContext) -> None:
    result = context.fields["Result"]
    for key, item in result.items() if isinstance(result, dict) else ():
        if not (key.endswith(".$") and looks_like_path(item)):
            continue
        context.findings.warning(
            "PASS_RESULT_IS_STATIC",
            context.at("Result", key),
            "The Result of a Pass state is static: the JSONPath in it is not evaluated.",
            "Use Parameters instead of Result.",
        )


def _check_wait(context: LintContext) -> None:
    names = ["Seconds", "Timestamp", *(() if context.uses_jsonata else ("SecondsPath", "TimestampPath"))]
    given = [name for name in names if name in context.fields]
    if not given and not any(name + "Path" in context.fields for name in ("Seconds", "Timestamp")):
        context.missing(context.state.pointer, tuple(names), "A Wait state must specify how long to wait.")
    elif len(given) > 1:
        context.findings.error(
            "CONFLICTING_FIELDS", context.at(given[1]), f"{format_list(given)} cannot be used together.", "Keep one."
        )
    seconds = context.check_integer(context.fields, "Seconds", context.state.pointer, 0)
    if context.express and seconds is not None and seconds > MAX_EXPRESS_SECONDS:
        context.findings.warning(
            "EXPRESS_TIMEOUT",
            context.at("Seconds"),
            f"An EXPRESS workflow runs for at most {MAX_EXPRESS_SECONDS} seconds, so it ends before this wait.",
            "Use a STANDARD workflow.",
        )
    _check_timestamp(context)
    for name in given:
        if name.endswith("Path"):
            context.strings.check_path(context.fields[name], context.at(name), single=True)


def _check_timestamp(context: LintContext) -> None:
    if "Timestamp" not in context.fields:
        return
    if context.check_expression(context.fields, "Timestamp", context.state.pointer, "before", ("string",)):
        return
    value = context.check_string(context.fields, "Timestamp", context.state.pointer)
    if value is None:
        return
    if looks_like_path(value):
        context.findings.error(
            "INVALID_VALUE", context.at("Timestamp"), f"{value!r} is a JSONPath, not a timestamp.", "Use TimestampPath."
        )
    elif not is_time(value):
        context.findings.error(
            "INVALID_VALUE",
            context.at("Timestamp"),
            f"{value!r} is not a timestamp.",
            "Write it as 2026-01-31T12:00:00Z.",
        )


def _check_fail(context: LintContext) -> None:
    for name in ("Error", "Cause"):
        if context.check_expression(context.fields, name, context.state.pointer, "before", ("string",)):
            continue
        value = context.check_string(context.fields, name, context.state.pointer)
        if value is not None and name == "Error":
            check_error_name(context, value, context.at(name))
        if value is not None and not context.uses_jsonata and looks_like_path(value):
            context.findings.warning(
                "NO_PATH",
                context.at(name),
                f"{value!r} looks like a JSONPath but is treated as a literal string.",
                f"Use {name}Path.",
            )
        path = name + "Path"
        if not context.uses_jsonata and path in context.fields:
            context.strings.check_path(context.fields[path], context.at(path), intrinsic=TEXT_FUNCTIONS)
            if name in context.fields:
                context.findings.error(
                    "CONFLICTING_FIELDS", context.at(path), f"{name} and {path} cannot be used together.", "Remove one."
                )


def _check_parallel(context: LintContext) -> None:
    branches = context.fields.get("Branches")
    if "Branches" not in context.fields:
        context.missing(
            context.state.pointer, "Branches", "A Parallel state must have Branches.", "Add a list of branches."
        )
    elif not isinstance(branches, list):
        context.wrong_type(context.at("Branches"), "Branches must be a list of objects with StartAt and States.")
    elif branches:
        for index, branch in enumerate(branches):
            if not isinstance(branch, dict):
                context.wrong_type(context.at("Branches", index), "A branch must be an object with StartAt and States.")
    else:
        context.findings.error(
            "EMPTY_LIST", context.at("Branches"), "Branches must contain at least one branch.", "Add a branch."
        )


def _check_task(context: LintContext) -> None:
    check_task(context)
    timeout = context.check_integer(context.fields, "TimeoutSeconds", context.state.pointer, 1)
    heartbeat = context.check_integer(context.fields, "HeartbeatSeconds", context.state.pointer, 1)
    if timeout is not None and heartbeat is not None and heartbeat >= timeout:
        context.findings.error(
            "IMPOSSIBLE_TIMEOUT",
            context.at("HeartbeatSeconds"),
            f"HeartbeatSeconds ({heartbeat}) must be smaller than TimeoutSeconds ({timeout}).",
            "Reduce HeartbeatSeconds, or increase TimeoutSeconds.",
        )
    for name in () if context.uses_jsonata else ("TimeoutSeconds", "HeartbeatSeconds"):
        path = name + "Path"
        if path in context.fields:
            context.strings.check_path(context.fields[path], context.at(path), single=True)
            if name in context.fields:
                context.findings.error(
                    "CONFLICTING_FIELDS", context.at(path), f"{name} and {path} cannot be used together.", "Remove one."
                )


def _check_map(context: LintContext) -> None:
    from .map_states import check_map

    check_map(context)


_BY_TYPE: Final[Mapping[str, Callable[[LintContext], None]]] = {
    "Task": _check_task,
    "Choice": lambda context: check_choices(context, check_assign),
    "Wait": _check_wait,
    "Fail": _check_fail,
    "Parallel": _check_parallel,
    "Map": _check_map,
}
