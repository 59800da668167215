"""Checks the fields of one state, whatever its type.

Longer than most files here: the small types have their few checks in it.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..asl.fields import ALL_FIELDS, FIELDS, LANGUAGES, TEXT_FUNCTIONS, TYPES, WORKING, Language
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.suggestions import meant
from .choice_rules import check_choices
from .error_handling import check_catchers, check_error_name, check_retriers
from .lint_context import Sight, is_time
from .task_states import check_task
from .templates import Moment, is_key_of_jsonpath, is_open, looks_like_path

_OF_ANY_TYPE: Final[Mapping[str, Language]] = dict.fromkeys(ALL_FIELDS, "both")
_LONGEST_VARIABLE: Final = 80


def check_fields(sight: Sight) -> None:
    """Check a state's own fields; transitions and scopes are looked at elsewhere."""
    if not _has_type(sight):
        sight.known_fields(sight.fields, _OF_ANY_TYPE, sight.state.pointer, "a state")
        return
    kind = sight.state.type
    sight.known_fields(sight.fields, FIELDS[kind], sight.state.pointer, f"a {kind} state")
    _check_comment_and_language(sight)
    if sight.speaks_jsonata:
        _check_jsonata_fields(sight)
    else:
        _check_path_fields(sight)
    check_assign(sight, sight.fields, sight.state.pointer, "after")
    if kind in _BY_TYPE:
        _BY_TYPE[kind](sight)
    if kind in WORKING:
        check_retriers(sight)
        check_catchers(sight, check_assign)


def check_assign(sight: Sight, holder: Mapping[str, Json], pointer: str, moment: Moment) -> None:
    """Check the variables that a state, a choice rule or a catcher sets."""
    if "Assign" not in holder:
        return
    assigned, here = holder["Assign"], f"{pointer}/Assign"
    if is_open(assigned):
        return
    if not isinstance(assigned, dict):
        sight.wrong_type(here, "Assign is an object: names of variables and their values.")
        return
    for key in assigned:
        if sight.speaks_jsonata and is_key_of_jsonpath(key, assigned[key]):
            continue  # which is told with its value
        name = key if sight.speaks_jsonata else key.removesuffix(".$")
        _check_variable_name(sight, name, child(here, key))
    if sight.speaks_jsonata:
        sight.texts.jsonata(assigned, here, moment, named=True)
    else:
        sight.texts.template(assigned, here)


def _check_variable_name(sight: Sight, name: str, pointer: str) -> None:
    if name == "states":
        sight.findings.error(
            "RESERVED_VARIABLE", pointer, "$states is reserved and cannot be assigned.", "Choose another name."
        )
    elif not name.isidentifier() or name.startswith("_") or len(name) > _LONGEST_VARIABLE:
        sight.findings.error(
            "INVALID_VARIABLE_NAME",
            pointer,
            f"{name[:100]!r} is no name of a variable: a letter, then letters, digits and _, 80 at most.",
            "Choose another name.",
        )


def _has_type(sight: Sight) -> bool:
    kind = sight.fields.get("Type")
    if "Type" not in sight.fields:
        sight.missing(sight.state.pointer, "Type", "The state has no Type.", f"Add one of {', '.join(TYPES)}.")
    elif not isinstance(kind, str):
        sight.wrong_type(sight.at("Type"), "Type is a text.")
    elif kind not in TYPES:
        sight.findings.error(
            "UNKNOWN_TYPE", sight.at("Type"), f"There is no type {kind!r} of state.", meant(kind, TYPES, _types())
        )
    return isinstance(kind, str) and kind in TYPES


def _types() -> str:
    return f"It is one of {', '.join(TYPES)}."


def _check_comment_and_language(sight: Sight) -> None:
    sight.text(sight.fields, "Comment", sight.state.pointer)
    own = sight.one_of(sight.fields, "QueryLanguage", sight.state.pointer, LANGUAGES)
    scope = sight.state.scope
    if own == "JSONPath" and scope.query_language == "JSONata":
        sight.findings.error(
            "WRONG_QUERY_LANGUAGE",
            sight.at("QueryLanguage"),
            "In a machine that speaks JSONata no state can speak JSONPath.",
            'Set "QueryLanguage": "JSONPath" for the machine, and JSONata for single states.',
        )


def _check_jsonata_fields(sight: Sight) -> None:
    if "Arguments" in sight.fields:
        arguments = sight.fields["Arguments"]
        if sight.state.type == "Task" and not isinstance(arguments, dict | str):
            sight.wrong_type(sight.at("Arguments"), "Arguments is an object, or an expression that yields one.")
        named = ":states:::" in str(sight.fields.get("Resource"))
        sight.texts.jsonata(arguments, sight.at("Arguments"), "before", named=named)
    if "Output" in sight.fields:
        sight.texts.jsonata(sight.fields["Output"], sight.at("Output"), "after")


def _check_path_fields(sight: Sight) -> None:
    fields = sight.fields
    for name in ("InputPath", "OutputPath"):
        if name in fields and fields[name] is not None:
            sight.texts.path(fields[name], sight.at(name))
    if fields.get("ResultPath") is not None:
        sight.texts.path(fields["ResultPath"], sight.at("ResultPath"), reference=True)
    for name in ("Parameters", "ResultSelector"):
        if name in fields:
            _check_template(sight, name)
    if "Result" in fields and sight.state.type == "Pass":
        _check_static_result(sight)


def _check_template(sight: Sight, name: str) -> None:
    value = sight.fields[name]
    if isinstance(value, str) and name == "Parameters" and ":states:::" in str(sight.fields.get("Resource")):
        return  # an integration takes no text, which is told where its arguments are checked
    if name == "Parameters" or isinstance(value, dict):  # whatever the specification says, AWS takes any Parameters
        sight.texts.template(value, sight.at(name))
    elif isinstance(value, str) and not is_open(value):
        sight.findings.warning(
            "WRONG_TYPE",
            sight.at(name),
            f"{name} is a string, which becomes the result as it is: a path in it is not evaluated.",
            'Write an object: {"name.$": "$.path"}.',
        )
    elif not is_open(value):
        sight.wrong_type(sight.at(name), f"{name} is an object.", "Name what you pass: {…}.")


def _check_static_result(sight: Sight) -> None:
    result = sight.fields["Result"]
    for key, item in result.items() if isinstance(result, dict) else ():
        if not (key.endswith(".$") and looks_like_path(item)):
            continue
        sight.findings.warning(
            "PASS_RESULT_IS_STATIC",
            sight.at("Result", key),
            "The Result of a Pass is taken as it is; the path in it is not evaluated.",
            "Use Parameters instead of Result.",
        )


def _check_wait(sight: Sight) -> None:
    names = ["Seconds", "Timestamp", *(() if sight.speaks_jsonata else ("SecondsPath", "TimestampPath"))]
    given = [name for name in names if name in sight.fields]
    if not given and not any(name + "Path" in sight.fields for name in ("Seconds", "Timestamp")):
        sight.missing(sight.state.pointer, tuple(names), "A Wait says how long.")
    elif len(given) > 1:
        sight.findings.error(
            "CONFLICTING_FIELDS", sight.at(given[1]), f"A Wait has only one of {' and '.join(given)}.", "Remove one."
        )
    seconds = sight.whole(sight.fields, "Seconds", sight.state.pointer, 0)
    if sight.express and seconds is not None and seconds > 300:
        sight.findings.warning(
            "EXPRESS_TIMEOUT",
            sight.at("Seconds"),
            "An EXPRESS workflow ends after 300 seconds, before this wait does.",
            "Use a STANDARD workflow.",
        )
    _check_timestamp(sight)
    for name in given:
        if name.endswith("Path"):
            sight.texts.path(sight.fields[name], sight.at(name), single=True)


def _check_timestamp(sight: Sight) -> None:
    if "Timestamp" not in sight.fields:
        return
    if sight.dynamic(sight.fields, "Timestamp", sight.state.pointer, "before", ("string",)):
        return
    value = sight.text(sight.fields, "Timestamp", sight.state.pointer)
    if value is None:
        return
    if looks_like_path(value):
        sight.findings.error(
            "INVALID_VALUE", sight.at("Timestamp"), f"{value!r} is a path, and no time.", "Use TimestampPath."
        )
    elif not is_time(value):
        sight.findings.error(
            "INVALID_VALUE", sight.at("Timestamp"), f"{value!r} is no time.", "Write it as 2026-01-31T12:00:00Z."
        )


def _check_fail(sight: Sight) -> None:
    for name in ("Error", "Cause"):
        if sight.dynamic(sight.fields, name, sight.state.pointer, "before", ("string",)):
            continue
        value = sight.text(sight.fields, name, sight.state.pointer)
        if value is not None and name == "Error":
            check_error_name(sight, value, sight.at(name))
        if value is not None and not sight.speaks_jsonata and looks_like_path(value):
            sight.findings.warning(
                "NO_PATH",
                sight.at(name),
                f"{value!r} looks like a path and is taken as plain text.",
                f"Use {name}Path.",
            )
        path = name + "Path"
        if not sight.speaks_jsonata and path in sight.fields:
            sight.texts.path(sight.fields[path], sight.at(path), intrinsic=TEXT_FUNCTIONS)
            if name in sight.fields:
                sight.findings.error(
                    "CONFLICTING_FIELDS", sight.at(path), f"A Fail has {name} or {path}, not both.", "Remove one."
                )


def _check_parallel(sight: Sight) -> None:
    branches = sight.fields.get("Branches")
    if "Branches" not in sight.fields:
        sight.missing(sight.state.pointer, "Branches", "A Parallel has Branches.", "Add a list of branches.")
    elif not isinstance(branches, list):
        sight.wrong_type(sight.at("Branches"), "Branches is a list of objects with StartAt and States.")
    elif branches:
        for index, branch in enumerate(branches):
            if not isinstance(branch, dict):
                sight.wrong_type(sight.at("Branches", index), "A branch is an object with StartAt and States.")
    else:
        sight.findings.error(
            "EMPTY_LIST", sight.at("Branches"), "A Parallel without branches does nothing.", "Add a branch."
        )


def _check_task(sight: Sight) -> None:
    check_task(sight)
    timeout = sight.whole(sight.fields, "TimeoutSeconds", sight.state.pointer, 1)
    heartbeat = sight.whole(sight.fields, "HeartbeatSeconds", sight.state.pointer, 1)
    if timeout is not None and heartbeat is not None and heartbeat >= timeout:
        sight.findings.error(
            "IMPOSSIBLE_TIMEOUT",
            sight.at("HeartbeatSeconds"),
            f"HeartbeatSeconds ({heartbeat}) is not smaller than TimeoutSeconds ({timeout}).",
            "Make it smaller.",
        )
    for name in () if sight.speaks_jsonata else ("TimeoutSeconds", "HeartbeatSeconds"):
        path = name + "Path"
        if path in sight.fields:
            sight.texts.path(sight.fields[path], sight.at(path), single=True)
            if name in sight.fields:
                sight.findings.error(
                    "CONFLICTING_FIELDS", sight.at(path), f"A Task has {name} or {path}, not both.", "Remove one."
                )


def _check_map(sight: Sight) -> None:
    from .map_states import check_map

    check_map(sight)


_BY_TYPE: Final[Mapping[str, Callable[[Sight], None]]] = {
    "Task": _check_task,
    "Choice": lambda sight: check_choices(sight, check_assign),
    "Wait": _check_wait,
    "Fail": _check_fail,
    "Parallel": _check_parallel,
    "Map": _check_map,
}
