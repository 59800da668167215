"""Compilation of one scope of a workflow to its StartAt and States, in two one-way passes.

1. Collect the fields of each state as pieces, check their references, and plan the variables that must be captured.
2. Emit each piece, with every reference translated to one that is valid in its state.
"""

from __future__ import annotations

from collections.abc import Callable, Generator, Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import TYPE_CHECKING, Final, cast

from ...asl.json_type import Json
from ...asl.json_values import JsonObject, NotJson
from ...failures import WorkflowError
from ..bindings import Binding, Bindings
from ..payload_schema import wire_value
from ..rewriting import rewrite
from ..states.transitions import AnyState
from ..value_expressions import Condition, Expression, Reference, literal_of, source_and_path
from .capture import CapturePlan
from .fields_of_states import FieldCollector, Piece
from .scope_graph import ScopeGraph
from .scoping import OUTERMOST, Enclosing, VariableScopes

if TYPE_CHECKING:
    from ..backends.backend import Backend

_ONLY_IN: Final[Mapping[str, str]] = {
    "result": "a result is available only in the output and the assignments of its Task, Parallel or Map",
    "error": "an error is available only on the transition of a catch()",
}
"""Explanations of references that are valid only in some fields, by their root."""


def compile_scope(
    graph: ScopeGraph, bindings: Bindings, backend: Backend, enclosing: Enclosing = OUTERMOST
) -> JsonObject:
    """Return the StartAt and States of a scope."""

    def compile_inner(inner: ScopeGraph, inner_enclosing: Enclosing) -> JsonObject:
        return compile_scope(inner, bindings, backend, inner_enclosing)

    plan, pieces = _collect(graph, bindings, backend, enclosing, compile_inner)
    states: JsonObject = {state.name: _emit(state, found, plan, bindings) for state, found in pieces}
    return {"StartAt": graph.start.name, "States": states}


def check_scope(graph: ScopeGraph, bindings: Bindings, backend: Backend, enclosing: Enclosing = OUTERMOST) -> None:
    """Run the first pass alone; raises WorkflowError for a reference that a scope cannot resolve."""

    def check_inner(inner: ScopeGraph, inner_enclosing: Enclosing) -> JsonObject:
        check_scope(inner, bindings, backend, inner_enclosing)
        return {}

    _collect(graph, bindings, backend, enclosing, check_inner)


def _collect(
    graph: ScopeGraph,
    bindings: Bindings,
    backend: Backend,
    enclosing: Enclosing,
    compile_inner: Callable[[ScopeGraph, Enclosing], JsonObject],
) -> tuple[CapturePlan, list[tuple[AnyState, Sequence[Piece]]]]:
    plan, scopes = CapturePlan(graph, bindings), VariableScopes(graph, enclosing)
    collector = FieldCollector(
        graph,
        bindings,
        backend,
        plan,
        lambda inner, state: compile_inner(inner, scopes.inside(state)),
        _collect_nested,
    )
    return plan, [(state, _capture(collector, plan, scopes, state)) for state in graph.states.values()]


def _collect_nested(collector: FieldCollector, state: AnyState) -> Iterator[Piece]:
    from .nested_fields import collect_nested

    return collect_nested(collector, state)


def _capture(collector: FieldCollector, plan: CapturePlan, scopes: VariableScopes, state: AnyState) -> Sequence[Piece]:
    """Collect the pieces of a state, check their references and plan its captures."""
    found: list[Piece] = []
    with _locate_errors(state):
        for piece in collector.collect(state):
            with _locate_errors(state, piece.holder):
                for value in piece.values:
                    _visit(value, piece, plan, scopes, state, collector.bindings)
            found.append(piece)
    return found


def _visit(
    value: object, piece: Piece, plan: CapturePlan, scopes: VariableScopes, state: AnyState, bindings: Bindings
) -> None:
    def visit(leaf: object) -> object:
        if isinstance(leaf, Binding):
            bindings.value(leaf)
        elif isinstance(leaf, Reference):
            root = source_and_path(leaf)[0].root
            if root in _ONLY_IN and root not in piece.roots:
                raise WorkflowError(f"{state!r} uses {leaf!r}: {_ONLY_IN[root]}")
            scopes.check(state, leaf, value)
            plan.capture(state, leaf)
        elif not isinstance(leaf, Expression | Condition):
            literal_of(wire_value(leaf))
        return leaf

    rewrite(value, visit)


def _emit(state: AnyState, pieces: Sequence[Piece], plan: CapturePlan, bindings: Bindings) -> JsonObject:
    """Return the fields of a state; a list that several pieces contribute to is joined."""

    def translate(leaf: object) -> object:
        if isinstance(leaf, Reference):
            return plan.translate(state, leaf)
        return bindings.value(leaf) if isinstance(leaf, Binding) else wire_value(leaf)

    fields: JsonObject = {"Type": state.type}
    if state.comment:
        fields["Comment"] = state.comment
    for piece in pieces:
        with _locate_errors(state, piece.holder):
            for name, value in piece.render(*(rewrite(each, translate) for each in piece.values)).items():
                previous = fields.get(name)
                fields[name] = [*previous, *cast("list[Json]", value)] if isinstance(previous, list) else value
    return fields


@contextmanager
def _locate_errors(state: AnyState, holder: object = None) -> Generator[None]:
    """Make errors name the state and point to the line of the transition or state that they are about."""
    try:
        yield
    except WorkflowError as error:
        error.locate(holder or state)
        raise
    except NotJson as error:
        raise WorkflowError(f"{state!r}: {error.sentence}", at=holder or state) from None
    except RecursionError:
        problem = "has a value that contains itself, or that is nested too deeply for Python"
        raise WorkflowError(f"{state!r} {problem}", at=holder or state) from None
