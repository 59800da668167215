"""Match the states of two definitions: by name in the same scope, by name elsewhere, or by similarity."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass, field

from ..asl.definition import Definition, Scope, StateNode
from ..asl.json_values import canonical

_TRANSITION_FIELDS = ("Next", "End", "Default", "Choices", "Catch")


@dataclass(slots=True)
class StateMatches:
    """The counterparts between an old and a new definition."""

    scopes: dict[str, Scope] = field(default_factory=dict[str, Scope])
    """The old scope, by the JSON pointer of the new one."""
    states: dict[str, StateNode] = field(default_factory=dict[str, StateNode])
    """The old state, by the JSON pointer of the new one."""
    names: dict[str, str] = field(default_factory=dict[str, str])
    """The new name of a state, by its JSON pointer in the old definition."""
    removed: dict[str, StateNode] = field(default_factory=dict[str, StateNode])
    """Old states without a counterpart, by JSON pointer."""
    added: dict[str, StateNode] = field(default_factory=dict[str, StateNode])
    """New states without a counterpart, by JSON pointer."""

    def target(self, scope: Scope, name: str) -> str:
        """Return the new name of the state that has this name in an old scope."""
        state = scope.by_name.get(name)
        return self.names.get(state.pointer, name) if state is not None else name


def match_states(old: Definition, new: Definition) -> StateMatches:
    """Return the matches between the states of two definitions."""
    found = StateMatches()
    _match_scopes(found, [(old.root, new.root)])
    for _ in range(2):
        for key in (_name_and_type, _content):
            _match_by(found, key)
        _add_nested_states(found)  # states nested in a removed state may have moved elsewhere
    return found


def scope_name(scope: Scope) -> str:
    """Return the name of a scope for use in a message."""
    outer = scope.parent
    if outer is None:
        return "the state machine"
    number = scope.pointer.rpartition("/")[2]
    return f"branch {int(number) + 1} of {outer.name}" if number.isdecimal() else f"the processor of {outer.name}"


def _match_scopes(found: StateMatches, pairs: Iterable[tuple[Scope, Scope]]) -> None:
    for before, after in pairs:
        found.scopes[after.pointer] = before
        for state in after.states:
            same = before.by_name.get(state.name)
            if same is not None and same.pointer not in found.names and state.pointer not in found.states:
                _match_states(found, same, state)
        found.added |= {one.pointer: one for one in after.states if one.pointer not in found.states}
        found.removed |= {one.pointer: one for one in before.states if one.pointer not in found.names}


def _match_states(found: StateMatches, before: StateNode, after: StateNode) -> None:
    found.states[after.pointer] = before
    found.names[before.pointer] = after.name
    found.removed.pop(before.pointer, None)
    found.added.pop(after.pointer, None)
    common = min(len(before.scopes), len(after.scopes))
    _match_scopes(found, zip(before.scopes, after.scopes, strict=False))
    found.removed |= _states_in(before.scopes[common:])
    found.added |= _states_in(after.scopes[common:])


def _match_by(found: StateMatches, key: Callable[[StateNode], object]) -> None:
    """Pair unmatched states for which `key` is equal, preferably those in the same scope."""
    removed_by_key: dict[object, list[StateNode]] = {}
    for state in found.removed.values():
        removed_by_key.setdefault(key(state), []).append(state)
    for state in list(found.added.values()):
        candidates = [one for one in removed_by_key.get(key(state), ()) if one.pointer in found.removed]
        in_same_scope = [one for one in candidates if one.scope.pointer == state.scope.pointer]
        if candidates and state.pointer in found.added:
            _match_states(found, (in_same_scope or candidates)[0], state)


def _name_and_type(state: StateNode) -> object:
    return state.name, state.type


def _content(state: StateNode) -> object:
    return canonical({name: value for name, value in state.fields.items() if name not in _TRANSITION_FIELDS})


def _add_nested_states(found: StateMatches) -> None:
    for unmatched in (found.removed, found.added):
        pending = list(unmatched.values())
        while pending:
            inner = _states_in(pending.pop().scopes)
            unmatched |= inner
            pending.extend(inner.values())


def _states_in(scopes: Iterable[Scope]) -> dict[str, StateNode]:
    return {state.pointer: state for scope in scopes for state in scope.states}
