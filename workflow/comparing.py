"""What changed between two definitions, in words: states, arrows, conditions, retries, limits, arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from .deep_json import Json
from .definition import Arrow, Definition, State, parse
from .json_values import JsonObject, canonical, child, same, written

What = Literal["added", "removed", "renamed", "changed"]

_SHORT: Final = 60
_WORDS: Final[Mapping[str, str]] = {
    "Arguments": "what it sends",
    "Parameters": "what it sends",
    "Assign": "what it remembers",
    "Output": "what it gives",
    "ResultSelector": "what it gives",
    "ResultPath": "where its result goes",
    "OutputPath": "what it gives",
    "InputPath": "what it takes",
    "Resource": "what it calls",
    "TimeoutSeconds": "its time limit",
    "HeartbeatSeconds": "its heartbeat",
    "Seconds": "how long it waits",
    "Timestamp": "until when it waits",
    "MaxConcurrency": "how many it runs at once",
    "Items": "its items",
    "ItemsPath": "its items",
    "ItemSelector": "what each item becomes",
    "Error": "its error",
    "Cause": "its cause",
    "Comment": "its comment",
    "QueryLanguage": "its query language",
    "StartAt": "where it starts",
    "Version": "its version",
    "ToleratedFailureCount": "how many failures it tolerates",
    "ToleratedFailurePercentage": "what share of failures it tolerates",
}
_ELSEWHERE: Final = frozenset(
    {"Type", "Next", "End", "Default", "Choices", "Catch", "Retry", "States", "Branches", "ItemProcessor", "Iterator"}
)


@dataclass(frozen=True, slots=True)
class Change:
    """One difference, and where it is: in the new definition, or in the old where it is gone."""

    what: What
    pointer: str
    sentence: str

    def __str__(self) -> str:
        return self.sentence


def diff(old: object, new: object) -> list[Change]:
    """What changed, the machine first, then its states in the new order; empty where the values are the same."""
    before, after = parse(old), parse(new)
    if before == after:
        return []
    changes = list(_fields("the machine", before.root.fields, after.root.fields, ""))
    earlier, later = _by_name(before), _by_name(after)
    renamed = _renamed(earlier, later)
    for name, state in later.items():
        origin = renamed.get(name, name)
        if origin not in earlier:
            changes.append(Change("added", state.pointer, f"{name} is new: a {state.type}{_whereto(state)}."))
        else:
            if origin != name:
                changes.append(Change("renamed", state.pointer, f"{origin} is called {name} now."))
            changes.extend(_state(earlier[origin], state, {old: new for new, old in renamed.items()}))
    gone = [state for name, state in earlier.items() if name not in later and name not in renamed.values()]
    changes.extend(Change("removed", state.pointer, f"{state.name} is gone: it was a {state.type}.") for state in gone)
    return changes or [Change("changed", "", "The order or the scopes of states changed, nothing else.")]


def _by_name(definition: Definition) -> dict[str, State]:
    return {state.name: state for state in definition.states()}


def _renamed(earlier: Mapping[str, State], later: Mapping[str, State]) -> dict[str, str]:
    """New name to old name, for states that are otherwise the same."""
    gone = {name: state for name, state in earlier.items() if name not in later}
    looks: dict[bytes, list[str]] = {}
    for name, state in gone.items():
        looks.setdefault(_look(state), []).append(name)
    renamed: dict[str, str] = {}
    for name, state in later.items():
        candidates = looks.get(_look(state), []) if name not in earlier else []
        if candidates:
            renamed[name] = candidates.pop(0)
    return renamed


def _look(state: State) -> bytes:
    fields = {
        name: value
        for name, value in state.fields.items()
        if name not in ("Next", "End", "Default", "Choices", "Catch")
    }
    return canonical(fields)


def _state(old: State, new: State, renamed: Mapping[str, str]) -> Iterator[Change]:
    name = new.name
    if old.type != new.type:
        yield Change("changed", child(new.pointer, "Type"), f"{name} is a {new.type} now; it was a {old.type}.")
    yield from _arrows(old, new, renamed)
    yield from _retries(old, new)
    yield from _fields(name, old.fields, new.fields, new.pointer)


def _fields(name: str, old: JsonObject, new: JsonObject, pointer: str) -> Iterator[Change]:
    for field in dict.fromkeys([*new, *old]):
        if field in _ELSEWHERE and not (field == "Type" and not pointer):
            continue
        here, subject = child(pointer, field), f"{name}: {_WORDS.get(field, field)}"
        if field not in old:
            yield Change("changed", here, f"{subject} is {_short(new[field], field)} now; it was not set.")
        elif field not in new:
            yield Change("changed", here, f"{subject} is not set any more; it was {_short(old[field], field)}.")
        elif not same(old[field], new[field]):
            yield from _value(subject, old[field], new[field], here, field)


def _value(subject: str, old: Json, new: Json, pointer: str, field: str) -> Iterator[Change]:
    """A changed value; of objects the members that changed."""
    stack: list[tuple[str, Json, Json, str]] = [(subject, old, new, pointer)]
    while stack:
        about, before, after, here = stack.pop()
        if not isinstance(before, dict) or not isinstance(after, dict):
            yield Change("changed", here, f"{about} is {_short(after, field)} now; it was {_short(before, field)}.")
            continue
        for key in reversed(list(dict.fromkeys([*after, *before]))):
            place = child(here, key)
            if key not in before:
                yield Change("changed", place, f"{about} has {key} now: {_short(after[key], field)}.")
            elif key not in after:
                yield Change("changed", place, f"{about} has no {key} any more; it was {_short(before[key], field)}.")
            elif not same(before[key], after[key]):
                stack.append((f"{about}, {key},", before[key], after[key], place))


def _arrows(old: State, new: State, renamed: Mapping[str, str]) -> Iterator[Change]:
    before = {_label(arrow): arrow for arrow in old.arrows}
    after = {_label(arrow): arrow for arrow in new.arrows}
    for label, arrow in after.items():
        earlier = before.get(label)
        if earlier is None:
            yield Change("changed", arrow.pointer, f"{new.name} goes to {arrow.target} {label} now.")
        elif renamed.get(earlier.target, earlier.target) != arrow.target:
            yield Change(
                "changed", arrow.pointer, f"{new.name} goes to {arrow.target} {label}; it went to {earlier.target}."
            )
        if earlier is not None and arrow.kind in ("choice", "catch"):
            beside = ("Next", "Condition", "ErrorEquals")
            yield from _fields(
                f"{new.name} {label}",
                {key: value for key, value in earlier.holder.items() if key not in beside},
                {key: value for key, value in arrow.holder.items() if key not in beside},
                arrow.pointer.rpartition("/")[0],
            )
    for label, arrow in before.items():
        if label not in after:
            yield Change("changed", new.pointer, f"{new.name} does not go to {arrow.target} {label} any more.")
    if old.type == new.type and old.ends != new.ends:
        ends = "ends there now" if new.ends else "does not end there any more"
        yield Change("changed", new.pointer, f"{new.name}: its scope {ends}.")


def _label(arrow: Arrow) -> str:
    """Which way it is, in words that stay the same while its target changes."""
    if arrow.kind == "choice":
        return f"when {_rule(arrow.holder)}"
    if arrow.kind == "catch":
        errors = arrow.holder.get("ErrorEquals")
        return f"on {', '.join(str(error) for error in errors) if isinstance(errors, list) else 'errors'}"
    return "otherwise" if arrow.kind == "default" else "next"


def _rule(rule: JsonObject) -> str:
    if "Condition" in rule:
        return _short(rule["Condition"], "Condition")
    return _short({key: value for key, value in rule.items() if key not in ("Next", "Comment", "Assign", "Output")}, "")


def _retries(old: State, new: State) -> Iterator[Change]:
    before, after = (_by_errors(state.fields.get("Retry")) for state in (old, new))
    here = child(new.pointer, "Retry")
    for errors, retrier in after.items():
        if errors not in before:
            yield Change("changed", here, f"{new.name} tries again on {errors} now{_how(retrier)}.")
        else:
            for field, word in _RETRY_WORDS.items():
                earlier, later = before[errors].get(field), retrier.get(field)
                if not same(earlier, later):
                    yield Change(
                        "changed",
                        here,
                        f"{new.name}, trying again on {errors}: {word} {_amount(later)}; was {_amount(earlier)}.",
                    )
    for errors in before:
        if errors not in after:
            yield Change("changed", here, f"{new.name} does not try again on {errors} any more.")


_RETRY_WORDS: Final[Mapping[str, str]] = {
    "MaxAttempts": "retries",
    "IntervalSeconds": "first wait in seconds",
    "BackoffRate": "backoff",
    "MaxDelaySeconds": "longest wait in seconds",
    "JitterStrategy": "jitter",
}


def _by_errors(value: Json) -> dict[str, JsonObject]:
    retriers = [retrier for retrier in value if isinstance(retrier, dict)] if isinstance(value, list) else []
    named: dict[str, JsonObject] = {}
    for retrier in retriers:
        errors = retrier.get("ErrorEquals")
        named[", ".join(str(error) for error in errors) if isinstance(errors, list) else ""] = retrier
    return named


def _how(retrier: JsonObject) -> str:
    attempts = retrier.get("MaxAttempts")
    return "" if attempts is None else f", {attempts} times"


def _amount(value: Json) -> str:
    return "AWS's default" if value is None else str(value)


def _whereto(state: State) -> str:
    targets = list(dict.fromkeys(arrow.target for arrow in state.arrows))
    return f" that goes to {', '.join(targets)}" if targets else ""


def _short(value: Json, field: str) -> str:
    if field.endswith("Seconds") and isinstance(value, int | float):
        return f"{value} s"
    text = value if isinstance(value, str) else written(value)
    text = text.removeprefix("{%").removesuffix("%}").strip() if isinstance(value, str) else text
    return text if len(text) <= _SHORT else text[: _SHORT - 1] + "…"
