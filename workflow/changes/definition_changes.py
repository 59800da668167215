"""The changes between two definitions, in the order of the new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..asl.definition import Definition, Scope, StateNode, parse
from ..asl.json_values import JsonObject, child
from .matching import StateMatches, match_states, scope_name
from .rule_changes import RULES, changed_rules, is_rules
from .wording import DefinitionChange, changed_fields, changed_value

_SCOPES: Final = frozenset({"Branches", "ItemProcessor", "Iterator"})


def diff(old: object, new: object) -> list[DefinitionChange]:
    """Return the changes of the machine, then those of its states in their new order; empty if the values are equal."""
    before, after = parse(old), parse(new)
    if before == after:
        return []
    changes = list(_changes(before, after, match_states(before, after)))
    return changes or list(changed_value("the definition", before.value, after.value, "", ""))


def _changes(before: Definition, after: Definition, matches: StateMatches) -> Iterator[DefinitionChange]:
    if not isinstance(before.value, dict) or not isinstance(after.value, dict):
        return
    yield from _scope(matches, before.root, after.root)
    for state in after.states():
        earlier = matches.states.get(state.pointer)
        if earlier is None:
            yield DefinitionChange("added", state.pointer, f"{state.name} was added: {_kind(state)}{_whereto(state)}.")
        else:
            yield from _moved(matches, earlier, state)
            yield from _state(matches, earlier, state)
            yield from _scopes(matches, earlier, state)
    for state in matches.gone.values():
        yield DefinitionChange("removed", state.pointer, f"{state.name} was removed: {_kind(state)}.")


def _moved(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    if old.name != new.name:
        yield DefinitionChange("renamed", new.pointer, f"{old.name} was renamed to {new.name}.")
    stood = matches.scopes.get(new.scope.pointer)
    if stood is None or stood.pointer != old.scope.pointer:
        here, there = scope_name(new.scope), scope_name(old.scope)
        yield DefinitionChange("moved", new.pointer, f"{new.name} was moved from {there} to {here}.")


def _scopes(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    for earlier, scope in zip(old.scopes, new.scopes, strict=False):
        if _field_of(earlier) != _field_of(scope):
            sentence = f"{new.name}: its states were moved from {_field_of(earlier)} to {_field_of(scope)}."
            yield DefinitionChange("changed", scope.pointer, sentence)
        yield from _scope(matches, earlier, scope)
    for scope in new.scopes[len(old.scopes) :]:
        yield DefinitionChange("added", scope.pointer, f"{scope_name(scope)} was added.")
    for scope in old.scopes[len(new.scopes) :]:
        yield DefinitionChange("removed", scope.pointer, f"{scope_name(scope)} was removed.")


def _field_of(scope: Scope) -> str:
    """Return the field of the parent state that contains a scope."""
    above = scope.parent.pointer if scope.parent is not None else ""
    return scope.pointer.removeprefix(f"{above}/").partition("/")[0]


def _scope(matches: StateMatches, old: Scope, new: Scope) -> Iterator[DefinitionChange]:
    """Yield the changes of a scope itself; a start state that was only renamed is not a change."""
    fields, earlier = dict(new.fields), dict(old.fields)
    if old.start is not None and new.start == matches.target(old, old.start):
        fields.pop("StartAt", None)
        earlier.pop("StartAt", None)
    states, stood = fields.pop("States", None), earlier.pop("States", None)
    name = scope_name(new)
    yield from changed_fields(name, earlier, fields, new.pointer)
    if isinstance(states, dict) and isinstance(stood, dict):
        yield from changed_fields(
            f"{name}, States", _no_states(stood), _no_states(states), child(new.pointer, "States")
        )
    else:
        was, now = ({"States": scope.fields["States"]} if "States" in scope.fields else {} for scope in (old, new))
        yield from changed_fields(name, was, now, new.pointer)


def _no_states(states: JsonObject) -> JsonObject:
    return {name: value for name, value in states.items() if not isinstance(value, dict)}


def _state(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    name = new.name
    if old.type != new.type and old.type and new.type:
        yield DefinitionChange(
            "changed", child(new.pointer, "Type"), f"{name}: Type changed from {old.type} to {new.type}."
        )
    told = {"Type"} if old.type and new.type else set[str]()
    yield from _ways(matches, old, new, told)
    for field in RULES:
        before, after = old.fields.get(field, []), new.fields.get(field, [])
        if is_rules(before) and is_rules(after):
            told.add(field)
            yield from changed_rules(matches, old, new, field)
    if _holds_scopes_only(old) and _holds_scopes_only(new):
        told |= _SCOPES
    fields, earlier = (
        {field: value for field, value in state.fields.items() if field not in told} for state in (new, old)
    )
    yield from changed_fields(name, earlier, fields, new.pointer)


def _ways(matches: StateMatches, old: StateNode, new: StateNode, told: set[str]) -> Iterator[DefinitionChange]:
    """Yield the changes of Next, Default and End; adds the fields that they cover to `told`."""
    for field in ("Next", "Default"):
        before, after = old.fields.get(field, ""), new.fields.get(field, "")
        if not isinstance(before, str) or not isinstance(after, str):
            continue
        told.add(field)
        target, here = matches.target(old.scope, before), child(new.pointer, field)
        if field in old.fields and field in new.fields and target != after:
            yield DefinitionChange("changed", here, f"{new.name}: {field} changed from {before} to {after}.")
        elif field in new.fields and field not in old.fields:
            yield DefinitionChange("changed", here, f"{new.name}: {field} was added: {after}.")
        elif field in old.fields and field not in new.fields:
            yield DefinitionChange("changed", new.pointer, f"{new.name}: {field} was removed; it was {before}.")
    if old.ends != new.ends and all(state.fields.get("End") in (True, None) for state in (old, new)):
        told.add("End")
        now = "is now an end state" if new.ends else "is no longer an end state"
        yield DefinitionChange("changed", new.pointer, f"{new.name} {now}.")


def _holds_scopes_only(state: StateNode) -> bool:
    """Return true if the state's fields for nested scopes contain nothing but scopes."""
    held = [state.fields[field] for field in _SCOPES if field in state.fields]
    items = [item for value in held for item in (value if isinstance(value, list) else [value])]
    return len(items) == len(state.scopes)


def _whereto(state: StateNode) -> str:
    targets = list(dict.fromkeys(arrow.target for arrow in state.arrows))
    return f" with {'a transition' if len(targets) == 1 else 'transitions'} to {', '.join(targets)}" if targets else ""


def _kind(state: StateNode) -> str:
    return f"a {state.type} state" if state.type else "a state without Type"
