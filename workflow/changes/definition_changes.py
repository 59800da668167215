"""The changes between two definitions, in the order of the new one."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Final

from ..asl.definition import Definition, Scope, StateNode, parse
from ..asl.json_values import JsonObject, child
from .matching import StateMatches, match_states, scope_name
from .rule_changes import RULES, is_rules, rule_list_changes
from .wording import DefinitionChange, field_changes, value_changes

_SCOPES: Final = frozenset({"Branches", "ItemProcessor", "Iterator"})


def diff(old: object, new: object) -> list[DefinitionChange]:
    """Return the changes of the machine, then those of its states in their new order; empty if the values are equal."""
    before, after = parse(old), parse(new)
    if before == after:
        return []
    changes = list(_changes(before, after, match_states(before, after)))
    return changes or list(value_changes("the definition", before.value, after.value, "", ""))


def _changes(before: Definition, after: Definition, matches: StateMatches) -> Iterator[DefinitionChange]:
    if not isinstance(before.value, dict) or not isinstance(after.value, dict):
        return
    yield from _scope_changes(matches, before.root, after.root)
    for state in after.states():
        earlier = matches.states.get(state.pointer)
        if earlier is None:
            yield DefinitionChange(
                "added", state.pointer, f"{state.name} was added: {_kind(state)}{_with_transitions(state)}."
            )
        else:
            yield from _name_and_scope_changes(matches, earlier, state)
            yield from _state_changes(matches, earlier, state)
            yield from _nested_scope_changes(matches, earlier, state)
    for state in matches.removed.values():
        yield DefinitionChange("removed", state.pointer, f"{state.name} was removed: {_kind(state)}.")


def _name_and_scope_changes(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    if old.name != new.name:
        yield DefinitionChange("renamed", new.pointer, f"{old.name} was renamed to {new.name}.")
    old_scope = matches.scopes.get(new.scope.pointer)
    if old_scope is None or old_scope.pointer != old.scope.pointer:
        new_name, old_name = scope_name(new.scope), scope_name(old.scope)
        yield DefinitionChange("moved", new.pointer, f"{new.name} was moved from {old_name} to {new_name}.")


def _nested_scope_changes(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    for earlier, scope in zip(old.scopes, new.scopes, strict=False):
        if _field_of(earlier) != _field_of(scope):
            sentence = f"{new.name}: its states were moved from {_field_of(earlier)} to {_field_of(scope)}."
            yield DefinitionChange("changed", scope.pointer, sentence)
        yield from _scope_changes(matches, earlier, scope)
    for scope in new.scopes[len(old.scopes) :]:
        yield DefinitionChange("added", scope.pointer, f"{scope_name(scope)} was added.")
    for scope in old.scopes[len(new.scopes) :]:
        yield DefinitionChange("removed", scope.pointer, f"{scope_name(scope)} was removed.")


def _field_of(scope: Scope) -> str:
    """Return the field of the parent state that contains a scope."""
    parent_pointer = scope.parent.pointer if scope.parent is not None else ""
    return scope.pointer.removeprefix(f"{parent_pointer}/").partition("/")[0]


def _scope_changes(matches: StateMatches, old: Scope, new: Scope) -> Iterator[DefinitionChange]:
    """Yield the changes of a scope itself; a start state that was only renamed is not a change."""
    fields, earlier = dict(new.fields), dict(old.fields)
    if old.start is not None and new.start == matches.target(old, old.start):
        fields.pop("StartAt", None)
        earlier.pop("StartAt", None)
    states, old_states = fields.pop("States", None), earlier.pop("States", None)
    name = scope_name(new)
    yield from field_changes(name, earlier, fields, new.pointer)
    if isinstance(states, dict) and isinstance(old_states, dict):
        yield from field_changes(
            f"{name}, States", _non_states(old_states), _non_states(states), child(new.pointer, "States")
        )
    else:
        was, now = ({"States": scope.fields["States"]} if "States" in scope.fields else {} for scope in (old, new))
        yield from field_changes(name, was, now, new.pointer)


def _non_states(states: JsonObject) -> JsonObject:
    return {name: value for name, value in states.items() if not isinstance(value, dict)}


def _state_changes(matches: StateMatches, old: StateNode, new: StateNode) -> Iterator[DefinitionChange]:
    name = new.name
    if old.type != new.type and old.type and new.type:
        yield DefinitionChange(
            "changed", child(new.pointer, "Type"), f"{name}: Type changed from {old.type} to {new.type}."
        )
    covered = {"Type"} if old.type and new.type else set[str]()
    yield from _transition_changes(matches, old, new, covered)
    for field in RULES:
        before, after = old.fields.get(field, []), new.fields.get(field, [])
        if is_rules(before) and is_rules(after):
            covered.add(field)
            yield from rule_list_changes(matches, old, new, field)
    if _holds_scopes_only(old) and _holds_scopes_only(new):
        covered |= _SCOPES
    fields, earlier = (
        {field: value for field, value in state.fields.items() if field not in covered} for state in (new, old)
    )
    yield from field_changes(name, earlier, fields, new.pointer)


def _transition_changes(
    matches: StateMatches, old: StateNode, new: StateNode, covered: set[str]
) -> Iterator[DefinitionChange]:
    """Yield the changes of Next, Default and End; adds the fields that they cover to `covered`."""
    for field in ("Next", "Default"):
        before, after = old.fields.get(field, ""), new.fields.get(field, "")
        if not isinstance(before, str) or not isinstance(after, str):
            continue
        covered.add(field)
        target, location = matches.target(old.scope, before), child(new.pointer, field)
        if field in old.fields and field in new.fields and target != after:
            yield DefinitionChange("changed", location, f"{new.name}: {field} changed from {before} to {after}.")
        elif field in new.fields and field not in old.fields:
            yield DefinitionChange("changed", location, f"{new.name}: {field} was added: {after}.")
        elif field in old.fields and field not in new.fields:
            yield DefinitionChange("changed", new.pointer, f"{new.name}: {field} was removed; it was {before}.")
    if old.ends != new.ends and all(state.fields.get("End") in (True, None) for state in (old, new)):
        covered.add("End")
        now = "is now an end state" if new.ends else "is no longer an end state"
        yield DefinitionChange("changed", new.pointer, f"{new.name} {now}.")


def _holds_scopes_only(state: StateNode) -> bool:
    """Return true if the state's fields for nested scopes contain nothing but scopes."""
    values = [state.fields[field] for field in _SCOPES if field in state.fields]
    items = [item for value in values for item in (value if isinstance(value, list) else [value])]
    return len(items) == len(state.scopes)


def _with_transitions(state: StateNode) -> str:
    targets = list(dict.fromkeys(transition.target for transition in state.transitions))
    return f" with {'a transition' if len(targets) == 1 else 'transitions'} to {', '.join(targets)}" if targets else ""


def _kind(state: StateNode) -> str:
    return f"a {state.type} state" if state.type else "a state without Type"
