"""What changed between two definitions, in words: states, arrows, conditions, retries, limits, arguments."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import Final, Literal

from ..deep_json import Json
from ..definition import Definition, State, parse
from ..json_values import JsonObject, canonical, child, same
from .words import WORDS, Named, T, errors_of, label, numbered, short, short_pair

What = Literal["added", "removed", "renamed", "changed"]

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
        here, subject = child(pointer, field), f"{name}: {WORDS.get(field, field)}"
        if field not in old:
            yield Change("changed", here, f"{subject} is {short(new[field], field)} now; it was not set.")
        elif field not in new:
            yield Change("changed", here, f"{subject} is not set any more; it was {short(old[field], field)}.")
        elif not same(old[field], new[field]):
            yield from _value(subject, old[field], new[field], here, field)


def _value(subject: str, old: Json, new: Json, pointer: str, field: str) -> Iterator[Change]:
    """A changed value; of objects the members that changed."""
    stack: list[tuple[str, Json, Json, str]] = [(subject, old, new, pointer)]
    while stack:
        about, before, after, here = stack.pop()
        if not isinstance(before, dict) or not isinstance(after, dict):
            now, then = short_pair(after, before, field)
            yield Change("changed", here, f"{about} is {now} now; it was {then}.")
            continue
        for key in reversed(list(dict.fromkeys([*after, *before]))):
            place = child(here, key)
            if key not in before:
                yield Change("changed", place, f"{about} has {key} now: {short(after[key], field)}.")
            elif key not in after:
                yield Change("changed", place, f"{about} has no {key} any more; it was {short(before[key], field)}.")
            elif not same(before[key], after[key]):
                stack.append((f"{about}, {key},", before[key], after[key], place))


def _arrows(old: State, new: State, renamed: Mapping[str, str]) -> Iterator[Change]:
    ways = Named(numbered(old.arrows, label), numbered(new.arrows, label))
    for way, arrow in ways.after.items():
        earlier, told = ways.before.get(way), ways.told(way)
        if earlier is None:
            yield Change("changed", arrow.pointer, f"{new.name} goes to {arrow.target} {told} now.")
        elif renamed.get(earlier.target, earlier.target) != arrow.target:
            yield Change(
                "changed", arrow.pointer, f"{new.name} goes to {arrow.target} {told}; it went to {earlier.target}."
            )
        if earlier is not None and arrow.kind in ("choice", "catch"):
            beside = ("Next", "Condition", "ErrorEquals")
            yield from _fields(
                f"{new.name} {told}",
                {key: value for key, value in earlier.holder.items() if key not in beside},
                {key: value for key, value in arrow.holder.items() if key not in beside},
                arrow.pointer.rpartition("/")[0],
            )
    for way, arrow in ways.before.items():
        if way not in ways.after:
            yield Change("changed", new.pointer, f"{new.name} does not go to {arrow.target} {ways.told(way)} any more.")
    yield from _order(ways.of(lambda arrow: arrow.kind == "choice"), new, "Choices")
    yield from _order(ways.of(lambda arrow: arrow.kind == "catch"), new, "Catch")
    if old.type == new.type and old.ends != new.ends:
        ends = "ends there now" if new.ends else "does not end there any more"
        yield Change("changed", new.pointer, f"{new.name}: its scope {ends}.")


def _order(named: Named[T], new: State, field: str) -> Iterator[Change]:
    moved = named.first_moved()
    if moved is not None:
        sentence = f"{new.name}, {WORDS[field]}: {moved[0]} comes before {moved[1]} now."
        yield Change("changed", child(new.pointer, field), sentence)


def _retries(old: State, new: State) -> Iterator[Change]:
    tries = Named(*(numbered(_retriers(state), errors_of) for state in (old, new)))
    here = child(new.pointer, "Retry")
    for errors, retrier in tries.after.items():
        told = tries.told(errors)
        if errors not in tries.before:
            yield Change("changed", here, f"{new.name} tries again on {told} now{_how(retrier)}.")
            continue
        for field, word in _RETRY_WORDS.items():
            earlier, later = tries.before[errors].get(field), retrier.get(field)
            if not same(earlier, later):
                sentence = f"{new.name}, trying again on {told}: {word} {_amount(later)}; was {_amount(earlier)}."
                yield Change("changed", here, sentence)
    for errors in tries.before:
        if errors not in tries.after:
            yield Change("changed", here, f"{new.name} does not try again on {tries.told(errors)} any more.")
    yield from _order(tries, new, "Retry")


_RETRY_WORDS: Final[Mapping[str, str]] = {
    "MaxAttempts": "retries",
    "IntervalSeconds": "first wait in seconds",
    "BackoffRate": "backoff",
    "MaxDelaySeconds": "longest wait in seconds",
    "JitterStrategy": "jitter",
}


def _retriers(state: State) -> list[JsonObject]:
    value = state.fields.get("Retry")
    return [retrier for retrier in value if isinstance(retrier, dict)] if isinstance(value, list) else []


def _how(retrier: JsonObject) -> str:
    attempts = retrier.get("MaxAttempts")
    return "" if attempts is None else f", {attempts} times"


def _amount(value: Json) -> str:
    return "AWS's default" if value is None else str(value)


def _whereto(state: State) -> str:
    targets = list(dict.fromkeys(arrow.target for arrow in state.arrows))
    return f" that goes to {', '.join(targets)}" if targets else ""
