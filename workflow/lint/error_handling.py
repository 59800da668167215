"""Checks retriers and catchers: what they match, whether they ever can, and their numbers."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from ..asl.definition import JsonObject
from ..asl.fields import CATCHER, ERRORS, RETRIER
from ..asl.json_type import Json
from ..asl.json_values import child
from ..asl.suggestions import meant
from .lint_context import LONGEST_SECONDS, Sight, unknown_field
from .templates import Moment, is_open

AssignCheck = Callable[[Sight, Mapping[str, Json], str, Moment], None]
_ALL: Final = "States.ALL"
_TASK_FAILED: Final = "States.TaskFailed"
_NOT_TASK_FAILED: Final = ("States.Timeout", "States.HeartbeatTimeout", _ALL)


def check_retriers(sight: Sight) -> None:
    """Check Retry."""
    seen: dict[str, int] = {}
    for index, rule, pointer in _rules(sight, "Retry"):
        for name in rule:
            if name not in RETRIER:
                table = dict.fromkeys(RETRIER)
                unknown_field(sight.findings, name, child(pointer, name), "a retrier", table)
        sight.text(rule, "Comment", pointer)
        _check_errors(sight, rule, pointer, "Retry", index, seen)
        _check_numbers(sight, rule, pointer)


def check_catchers(sight: Sight, check_assign: AssignCheck) -> None:
    """Check Catch."""
    seen: dict[str, int] = {}
    for index, rule, pointer in _rules(sight, "Catch"):
        sight.known_fields(rule, CATCHER, pointer, "a catcher")
        sight.text(rule, "Comment", pointer)
        if "Next" not in rule:
            sight.missing(pointer, "Next", "A catcher says which state comes next.")
        _check_errors(sight, rule, pointer, "Catch", index, seen)
        check_assign(sight, rule, pointer, "caught")
        if sight.speaks_jsonata and "Output" in rule:
            sight.texts.jsonata(rule["Output"], child(pointer, "Output"), "caught")
        if not sight.speaks_jsonata and rule.get("ResultPath") is not None:
            sight.texts.path(rule["ResultPath"], child(pointer, "ResultPath"), reference=True)


def _rules(sight: Sight, field: str) -> list[tuple[int, JsonObject, str]]:
    if field not in sight.fields:
        return []
    rules = sight.fields[field]
    if not isinstance(rules, list):
        if not is_open(rules):
            sight.wrong_type(sight.at(field), f"{field} is a list of objects.")
        return []
    for index, rule in enumerate(rules):
        if not isinstance(rule, dict) and not is_open(rule):
            sight.wrong_type(sight.at(field, index), f"{field} is a list of objects.")
    return [(index, rule, sight.at(field, index)) for index, rule in enumerate(rules) if isinstance(rule, dict)]


def _check_errors(sight: Sight, rule: JsonObject, pointer: str, field: str, index: int, seen: dict[str, int]) -> None:
    what = "retrier" if field == "Retry" else "catcher"
    if "ErrorEquals" not in rule:
        sight.missing(pointer, "ErrorEquals", f"A {what} says which errors it takes.")
        return
    names, here = rule["ErrorEquals"], child(pointer, "ErrorEquals")
    if is_open(names):
        return
    if not isinstance(names, list):
        sight.wrong_type(here, "ErrorEquals is a list of error names.")
        return
    if not names:
        sight.findings.error("EMPTY_LIST", here, "ErrorEquals names at least one error.", "Add an error's name.")
    last = index == _count(sight.fields[field]) - 1
    for place, name in enumerate(names):
        where = child(here, place)
        if not isinstance(name, str):
            sight.wrong_type(where, "The name of an error is a text.")
        elif name == _ALL:
            _check_all(sight, where, alone=len(names) == 1, last=last, what=what)
        else:
            check_error_name(sight, name, where)
    _check_reachable(sight, names, here, what, index, seen)


def _check_all(sight: Sight, pointer: str, *, alone: bool, last: bool, what: str) -> None:
    if not alone:
        sight.findings.error(
            "STATES_ALL_NOT_ALONE", pointer, "States.ALL stands alone in its ErrorEquals.", "Remove the other names."
        )
    elif not last:
        sight.findings.error(
            "STATES_ALL_NOT_LAST",
            pointer,
            f"States.ALL is not in the last {what}, and those after it can never match.",
            f"Move this {what} to the end.",
        )


def check_error_name(sight: Sight, name: str, pointer: str) -> None:
    """Warn about an unknown name that starts with States., which is reserved for errors of Step Functions."""
    known = name in ERRORS or name.startswith("States.Http.")
    if known or is_open(name) or not name.lower().startswith("states."):
        return
    sight.findings.warning(
        "UNKNOWN_ERROR_NAME",
        pointer,
        f"Step Functions has no error {name!r}, and names of your own cannot start with States.",
        meant(name, ERRORS, f"It has {', '.join(ERRORS)}."),
    )


def _check_reachable(
    sight: Sight, names: list[Json], pointer: str, what: str, index: int, seen: dict[str, int]
) -> None:
    """Say so where every name, or a single one, was already taken by an earlier rule."""
    for place, name in enumerate(names):
        if not isinstance(name, str) or is_open(name):
            continue
        if name == _ALL and seen.get(name, index) != index:
            continue  # that States.ALL is not last is told where it stands first
        earlier = seen.get(name)
        if earlier is None and _TASK_FAILED in seen and name not in (*_NOT_TASK_FAILED, _TASK_FAILED):
            earlier = seen[_TASK_FAILED] if sight.state.type == "Task" and not name.startswith("States.") else None
        if earlier is None and "States.Timeout" in seen and name == "States.HeartbeatTimeout":
            earlier = seen["States.Timeout"]
        if name == "States.Runtime":
            sight.findings.warning(
                "UNREACHABLE_RETRIER" if what == "retrier" else "UNREACHABLE_CATCHER",
                child(pointer, place),
                f"States.Runtime ends the execution at once: no {what} ever sees it.",
                "Remove it.",
            )
        elif earlier is not None and (earlier != index or name in names[:place]):
            twice = f"{name!r} is named twice in {what} {index + 1}."
            taken = f"{name!r} is already taken by {what} {earlier + 1}, so that this one never sees it."
            sight.findings.warning(
                "UNREACHABLE_RETRIER" if what == "retrier" else "UNREACHABLE_CATCHER",
                child(pointer, place),
                twice if earlier == index else taken,
                "Remove it." if earlier == index else "Remove it, or put the more special one first.",
            )
        seen.setdefault(name, index)


def _check_numbers(sight: Sight, rule: JsonObject, pointer: str) -> None:
    interval = _whole(sight, rule, "IntervalSeconds", pointer, 1)
    _whole(sight, rule, "MaxAttempts", pointer, 0)
    cap = _whole(sight, rule, "MaxDelaySeconds", pointer, 1, 31_622_399)
    rate = rule.get("BackoffRate", 2.0)
    if isinstance(rate, bool) or not isinstance(rate, int | float):
        if not is_open(rate):
            sight.wrong_type(child(pointer, "BackoffRate"), "BackoffRate is a number.")
    elif rate < 1:
        sight.findings.error(
            "INVALID_VALUE", child(pointer, "BackoffRate"), f"BackoffRate is at least 1.0, and not {rate}."
        )
    if cap is not None and cap <= (1 if interval is None else interval):
        sight.findings.error(
            "INVALID_VALUE",
            child(pointer, "MaxDelaySeconds"),
            f"MaxDelaySeconds ({cap}) is not greater than IntervalSeconds ({interval or 1}).",
            "Make it greater, or remove it.",
        )
    sight.one_of(rule, "JitterStrategy", pointer, ("FULL", "NONE"))


def _whole(
    sight: Sight, rule: JsonObject, name: str, pointer: str, least: int, most: int = LONGEST_SECONDS
) -> int | None:
    value = rule.get(name)
    if isinstance(value, str) and value.startswith("{%"):
        sight.wrong_type(child(pointer, name), f"{name} of a retrier is a number, and no expression.")
        return None
    return sight.whole(rule, name, pointer, least, most)


def _count(rules: Json) -> int:
    return len(rules) if isinstance(rules, list) else 0
