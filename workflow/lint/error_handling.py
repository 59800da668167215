"""Check retriers and catchers: their error names, rules that can never match, and numeric fields."""

from __future__ import annotations

from typing import Final

from ..asl.definition import JsonObject
from ..asl.fields import CATCHER, ERRORS, RETRIER
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.limits import MAX_RETRY_DELAY_SECONDS, MAX_SECONDS
from ..asl.suggestions import suggest
from .lint_context import AssignCheck, LintContext, unknown_field
from .reads import has_placeholders

_ALL: Final = "States.ALL"
_TASK_FAILED: Final = "States.TaskFailed"
_NOT_TASK_FAILED: Final = ("States.Timeout", "States.HeartbeatTimeout", _ALL)


def check_retriers(context: LintContext) -> None:
    """Check the retriers of a state."""
    seen: dict[str, int] = {}
    for index, rule, pointer in _rules(context, "Retry"):
        for name in rule:
            if name not in RETRIER:
                table = dict.fromkeys(RETRIER)
                unknown_field(context.findings, name, child(pointer, name), "a retrier", table)
        context.check_string(rule, "Comment", pointer)
        _check_errors(context, rule, pointer, "Retry", index, seen)
        _check_numbers(context, rule, pointer)


def check_catchers(context: LintContext, check_assign: AssignCheck) -> None:
    """Check the catchers of a state; `check_assign` checks the variables that they assign."""
    seen: dict[str, int] = {}
    for index, rule, pointer in _rules(context, "Catch"):
        context.check_field_names(rule, CATCHER, pointer, "a catcher")
        context.check_string(rule, "Comment", pointer)
        if "Next" not in rule:
            context.missing(pointer, "Next", "A catcher must have Next.")
        _check_errors(context, rule, pointer, "Catch", index, seen)
        check_assign(context, rule, pointer, "caught")
        if context.uses_jsonata and "Output" in rule:
            context.strings.check_jsonata(rule["Output"], child(pointer, "Output"), "caught")
        if not context.uses_jsonata and rule.get("ResultPath") is not None:
            context.strings.check_path(rule["ResultPath"], child(pointer, "ResultPath"), reference=True)


def _rules(context: LintContext, field: str) -> list[tuple[int, JsonObject, str]]:
    if field not in context.fields:
        return []
    rules = context.fields[field]
    if not isinstance(rules, list):
        if not has_placeholders(rules):
            context.wrong_type(context.at(field), f"{field} must be a list of objects.")
        return []
    for index, rule in enumerate(rules):
        if not isinstance(rule, dict) and not has_placeholders(rule):
            context.wrong_type(context.at(field, index), f"{field} must be a list of objects.")
    return [(index, rule, context.at(field, index)) for index, rule in enumerate(rules) if isinstance(rule, dict)]


def _check_errors(
    context: LintContext, rule: JsonObject, pointer: str, field: str, index: int, seen: dict[str, int]
) -> None:
    what = "retrier" if field == "Retry" else "catcher"
    if "ErrorEquals" not in rule:
        context.missing(pointer, "ErrorEquals", f"A {what} must have ErrorEquals.")
        return
    names, location = rule["ErrorEquals"], child(pointer, "ErrorEquals")
    if has_placeholders(names):
        return
    if not isinstance(names, list):
        context.wrong_type(location, "ErrorEquals must be a list of error names.")
        return
    if not names:
        context.findings.error(
            "EMPTY_LIST", location, "ErrorEquals must contain at least one error name.", "Add an error name."
        )
    last = index == _count(context.fields[field]) - 1
    for position, name in enumerate(names):
        name_location = child(location, position)
        if not isinstance(name, str):
            context.wrong_type(name_location, "An error name must be a string.")
        elif name == _ALL:
            _check_all(context, name_location, alone=len(names) == 1, last=last, what=what)
        else:
            check_error_name(context, name, name_location)
    _check_reachable(context, names, location, what, index, seen)


def _check_all(context: LintContext, pointer: str, *, alone: bool, last: bool, what: str) -> None:
    if not alone:
        context.findings.error(
            "STATES_ALL_NOT_ALONE",
            pointer,
            "States.ALL must be the only name in its ErrorEquals.",
            "Remove the other names.",
        )
    elif not last:
        context.findings.error(
            "STATES_ALL_NOT_LAST",
            pointer,
            f"States.ALL must be in the last {what}: those after it can never match.",
            f"Move this {what} to the end.",
        )


def check_error_name(context: LintContext, name: str, pointer: str) -> None:
    """Warn about an unknown name that starts with States., which is reserved for errors of Step Functions."""
    known = name in ERRORS or name.startswith("States.Http.")
    if known or has_placeholders(name) or not name.lower().startswith("states."):
        return
    context.findings.warning(
        "UNKNOWN_ERROR_NAME",
        pointer,
        f"Step Functions has no error {name!r}, and custom error names must not start with States.",
        suggest(name, ERRORS, f"Its errors are {', '.join(ERRORS)}."),
    )


def _check_reachable(
    context: LintContext, names: list[Json], pointer: str, what: str, index: int, seen: dict[str, int]
) -> None:
    """Warn about error names that an earlier rule already matches, and about States.Runtime, which none can match."""
    for position, name in enumerate(names):
        if not isinstance(name, str) or has_placeholders(name):
            continue
        if name == _ALL and seen.get(name, index) != index:
            continue  # the first States.ALL is already reported for not being last
        earlier = seen.get(name)
        if earlier is None and _TASK_FAILED in seen and name not in (*_NOT_TASK_FAILED, _TASK_FAILED):
            earlier = seen[_TASK_FAILED] if context.state.type == "Task" and not name.startswith("States.") else None
        if earlier is None and "States.Timeout" in seen and name == "States.HeartbeatTimeout":
            earlier = seen["States.Timeout"]
        if name == "States.Runtime":
            context.findings.warning(
                "UNREACHABLE_RETRIER" if what == "retrier" else "UNREACHABLE_CATCHER",
                child(pointer, position),
                f"States.Runtime fails the execution immediately, so no {what} can match it.",
                "Remove it.",
            )
        elif earlier is not None and (earlier != index or name in names[:position]):
            listed_twice = f"{name!r} is listed twice in {what} {index + 1}."
            already_matched = f"{name!r} is already matched by {what} {earlier + 1}, so this {what} never matches it."
            context.findings.warning(
                "UNREACHABLE_RETRIER" if what == "retrier" else "UNREACHABLE_CATCHER",
                child(pointer, position),
                listed_twice if earlier == index else already_matched,
                "Remove it." if earlier == index else f"Remove it, or put the more specific {what} first.",
            )
        seen.setdefault(name, index)


def _check_numbers(context: LintContext, rule: JsonObject, pointer: str) -> None:
    interval = _check_integer(context, rule, "IntervalSeconds", pointer, 1)
    _check_integer(context, rule, "MaxAttempts", pointer, 0)
    cap = _check_integer(context, rule, "MaxDelaySeconds", pointer, 1, MAX_RETRY_DELAY_SECONDS)
    rate = rule.get("BackoffRate", 2.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        if not has_placeholders(rate):
            context.wrong_type(child(pointer, "BackoffRate"), "BackoffRate must be a number.")
    elif rate < 1:
        context.findings.error(
            "INVALID_VALUE", child(pointer, "BackoffRate"), f"BackoffRate must be at least 1.0, got {rate}."
        )
    if cap is not None and cap <= (1 if interval is None else interval):
        context.findings.error(
            "INVALID_VALUE",
            child(pointer, "MaxDelaySeconds"),
            f"MaxDelaySeconds ({cap}) must be greater than IntervalSeconds ({interval or 1}).",
            "Increase it, or remove it.",
        )
    context.check_enum(rule, "JitterStrategy", pointer, ("FULL", "NONE"))


def _check_integer(
    context: LintContext, rule: JsonObject, name: str, pointer: str, minimum: int, maximum: int = MAX_SECONDS
) -> int | None:
    value = rule.get(name)
    if isinstance(value, str) and value.startswith("{%"):
        context.wrong_type(child(pointer, name), f"{name} of a retrier must be a number, not an expression.")
        return None
    return context.check_integer(rule, name, pointer, minimum, maximum)


def _count(rules: Json) -> int:
    return len(rules) if isinstance(rules, list) else 0
