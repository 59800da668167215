"""The capture plan: the inputs and outputs that a scope keeps in variables for states that refer to them later."""

from __future__ import annotations

from collections.abc import Mapping

from ...asl.limits import MAX_VARIABLE_NAME_LENGTH
from ...failures import WorkflowError
from ..bindings import Binding, Bindings
from ..payload_schema import wire_value
from ..rewriting import rewrite
from ..states.tasks import Task
from ..states.transitions import AnyState, Catching, Exit, Link, Some
from ..value_expressions import Reference, Source, form_of, source_and_path
from .scope_graph import Home, ScopeGraph

_INPUT = Reference(Source("state_input"))
_RESULT = Reference(Source("result"))


class CapturePlan:
    """The variables that keep inputs and outputs for later states of a scope, and the states that assign them."""

    def __init__(self, graph: ScopeGraph, bindings: Bindings) -> None:
        self.graph, self.bindings = graph, bindings
        self._inputs: dict[int, str] = {}
        self._outputs: dict[int, str] = {}
        self._names = _assigned_names(graph)

    def capture(self, state: AnyState, reference: Reference) -> None:
        """Plan the variable, if any, that a state needs for this reference."""
        source, _ = source_and_path(reference)
        if source.root == "input":
            self._capture_input(state)
        elif source.root == "output":
            self._capture_output(state, source)
        elif source.root == "variable" and not source.name:
            raise WorkflowError(f"{state!r} uses a variable that is not an attribute of a workflow")

    def translate(self, state: AnyState, reference: Reference) -> Reference:
        """Return a reference to the same data that is valid in this state; all captures must have been planned."""
        source, path = source_and_path(reference)
        form = form_of(reference)
        if source.root == "input":
            return self._translate_input(state, form, path)
        if source.root == "output":
            owners = self._owners(state, source)
            if self._receives_output_of(state, owners):
                return Reference(Source("state_input"), form, path)
            return Reference(Source("variable", self._outputs[id(owners[0])]), form, path)
        return reference

    def captures_at(self, state: AnyState) -> Mapping[str, object]:
        """Return the variables and values that a state assigns for later states when it succeeds."""
        captured: dict[str, object] = {}
        if id(state) in self._inputs:
            captured[self._inputs[id(state)]] = _INPUT
        if id(state) in self._outputs:
            captured[self._outputs[id(state)]] = self._own_output(state)
        return captured

    def captures_along(self, exit_: Exit) -> Mapping[str, object]:
        """Return the variables and values that one exit of a state assigns for later states."""
        state = exit_.state
        if state.type == "Choice":
            return self.captures_at(state)
        return {self._inputs[id(state)]: _INPUT} if id(state) in self._inputs else {}

    def _capture_input(self, state: AnyState) -> None:
        home = self._home(state)
        if home.is_machine or self._is_at_start(state, home):
            return
        if self._returns_to_start(home):
            raise WorkflowError(
                f"{home.start!r} is the start state and also follows other states: add a separate start state"
            )
        if id(home.start) not in self._inputs:
            self._inputs[id(home.start)] = self._new_variable(home.start, "input")

    def _translate_input(self, state: AnyState, form: object, path: tuple[str | int, ...]) -> Reference:
        home = self._home(state)
        if home.is_machine:
            return Reference(Source("context"), form, ("Execution", "Input", *path))
        if self._is_at_start(state, home):
            return Reference(Source("state_input"), form, path)
        return Reference(Source("variable", self._inputs[id(home.start)]), form, path)

    def _is_at_start(self, state: AnyState, home: Home) -> bool:
        return state is home.start and not self._returns_to_start(home)

    def _returns_to_start(self, home: Home) -> bool:
        return any(self._home(link.exit.state) is home for link in self.graph.into(home.start))

    def _capture_output(self, state: AnyState, source: Source) -> None:
        owners = self._owners(state, source)
        if self._receives_output_of(state, owners):
            return
        owner = self._home(state).copies[id(source.owner)]
        self._check_has_run(state, owner, owners)
        name = self._outputs.get(id(owners[0])) or self._new_variable(owner, "output")
        self._outputs.update(dict.fromkeys(map(id, owners), name))

    def _owners(self, state: AnyState, source: Source) -> tuple[AnyState, ...]:
        """Return the states whose output a reference means; several if a fragment has several ends."""
        owner = self._home(state).copies.get(id(source.owner))
        if owner is None:
            raise WorkflowError(
                f"{state!r} refers to the output of {source.owner!r}, which is not a state of its workflow"
            )
        return self.graph.ends.get(id(owner), (owner,))

    def _own_output(self, state: AnyState) -> object:
        """Return the output of a state as an expression that is valid in the state itself."""
        given = output_by(state)
        if given is not None:
            return rewrite(given.value, lambda leaf: self._own_leaf(state, leaf))
        return _RESULT if isinstance(state, Catching) and state.type != "Inline" else _INPUT

    def _own_leaf(self, state: AnyState, leaf: object) -> object:
        if isinstance(leaf, Reference):
            return self.translate(state, leaf)
        return self.bindings.value(leaf) if isinstance(leaf, Binding) else wire_value(leaf)

    def _receives_output_of(self, state: AnyState, owners: tuple[AnyState, ...]) -> bool:
        """Return whether, on every path, the input of a state is the output of one of the owners."""
        seen: set[int] = set()
        worklist = [state]
        while worklist:
            current = worklist.pop()
            if current is self.graph.start:
                return False
            seen.add(id(current))
            for link in self.graph.into(current):
                predecessor = link.exit.state
                if link.exit.output is not None or link.exit.kind == "catch":
                    return False
                if predecessor in owners:
                    continue
                if predecessor.type not in ("Choice", "Wait"):
                    return False
                if id(predecessor) not in seen:
                    worklist.append(predecessor)
        return True

    def _check_has_run(self, state: AnyState, owner: AnyState, owners: tuple[AnyState, ...]) -> None:
        links: list[Link] = [
            link for one in owners for kind in ("next", "choice", "default") for link in self.graph.out_of(one, kind)
        ]
        if id(state) in self.graph.reachable(without=links):
            raise WorkflowError(
                f"{state!r} refers to the output of {owner!r}, which may not have run on every path to {state!r}"
            )

    def _home(self, state: AnyState) -> Home:
        return self.graph.homes[id(state)]

    def _new_variable(self, state: AnyState, role: str) -> str:
        """Return an unused variable name that describes the captured value."""
        max_length = MAX_VARIABLE_NAME_LENGTH - len(role) - len("_99_")
        sanitized = "".join(
            character if f"a{character}".isidentifier() else "_" for character in state.name[:max_length]
        )
        stem = sanitized if sanitized.isidentifier() and not sanitized.startswith("_") else f"s{sanitized}"
        name, number = f"{stem}_{role}", 1
        while name in self._names:
            number += 1
            name = f"{stem}_{number}_{role}"
        self._names.add(name)
        return name


def output_by(state: AnyState) -> Some | None:
    """Return the output that a state declares; None if the default of the States Language applies."""
    if state.output is not None:
        return state.output
    if isinstance(state, Task) and state.result_path:
        return Some(Reference(Source("result"), object, state.result_path))
    return None


def _assigned_names(graph: ScopeGraph) -> set[str]:
    """Return the names of the variables that the workflow itself assigns."""
    holders = [
        *(state.assignments for state in graph.states.values()),
        *(link.exit.assignments for link in graph.links),
    ]
    return {name for holder in holders for name in holder}
