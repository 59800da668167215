"""Type checks along transitions: the input of each state and the output of the workflow must fit the declared types."""

from __future__ import annotations

from typing import TYPE_CHECKING, Union, cast

from ...failures import WrongJoin
from ..compatibility import mismatch, value_mismatch
from ..payload_schema import literals_of, name_of
from ..states.transitions import AnyState, End, ErrorOutput, Exit, Link
from ..value_expressions import Reference, source_and_path
from .scope_graph import ScopeGraph

if TYPE_CHECKING:
    from collections.abc import Iterator

    from ..states.basic_states import Choice


def check_types(workflow: str, graph: ScopeGraph, input_type: object, output_type: object) -> None:
    """Raise WrongJoin for a transition whose value never fits its target, or an output that does not fit its type."""
    for expected in graph.start.input_types:
        if reason := mismatch(input_type, expected, every=False):
            raise WrongJoin(
                f"{workflow} has the input type {name_of(input_type)}, but its first state {graph.start!r} takes "
                f"{name_of(expected)}: {reason}",
                at=graph.start,
            )
    for link in graph.links:
        _check_join(graph, link)
    for end, reason in _output_mismatches(graph, input_type, output_type):
        raise WrongJoin(
            f"{workflow} declares the output type {name_of(output_type)}, but {_describe_end(end)} something else: "
            f"{reason}. Change the second type of Workflow[…], or the value that {_describe_end(end)}",
            at=end,
        )


def _check_join(graph: ScopeGraph, link: Link) -> None:
    for expected in link.target.input_types:
        reason = _exit_mismatch(link.exit, expected, every=False)
        if reason and link.target.type == "Choice":
            choice = cast("Choice[object, object]", link.target)
            raise WrongJoin(_choice_advice(graph, choice, link.exit, reason), at=link)
        if reason:
            raise WrongJoin(
                f"{link.exit.state!r} >> {link.target!r}: {link.target!r} takes {name_of(expected)}, but {reason}",
                at=link,
            )


def _choice_advice(graph: ScopeGraph, choice: Choice[object, object], exit_: Exit, reason: str) -> str:
    """Return a message that explains what a Choice passes on, and how to decide by something else."""
    return (
        f"{exit_.state!r} >> {choice!r}: a Choice passes on its input, whose type is that of its subject; "
        f"{choice.subject!r} is {name_of(choice.output_type)}, but {reason}. {_choice_remedy(graph, choice, exit_)}"
    )


def _choice_remedy(graph: ScopeGraph, choice: Choice[object, object], exit_: Exit) -> str:
    sources = {link.exit.state for link in graph.into(choice)}
    subject = "state_input(object)" if len(sources) > 1 or exit_.kind == "catch" else f"output_of({exit_.state!r})"
    if isinstance(choice.subject, Reference):
        source, path = source_and_path(choice.subject)
        if source.root == "output" and path:
            steps = "".join(f".{step}" if isinstance(step, str) else f"[{step}]" for step in path)
            return f"Write {choice!r} = Choice({subject}, by=output_of({source.owner!r}){steps})"
    return (
        f"Write Choice({subject}) to decide by its input; "
        f"add by=… to decide by another value, such as {choice.subject!r}"
    )


def _output_mismatches(
    graph: ScopeGraph, input_type: object, output_type: object
) -> Iterator[tuple[Link | AnyState, str]]:
    ends: list[tuple[Link | AnyState, str]] = []
    for state in graph.states.values():
        if state.type == "Succeed" and state.output is not None:
            ends.append((state, value_mismatch(state.output.value, output_type, every=True)))
        elif state.type == "Succeed" and state is graph.start:
            ends.append((state, mismatch(input_type, output_type, every=True)))
    for link in graph.links:
        if isinstance(link.target, End) or (link.target.type == "Succeed" and link.target.output is None):
            ends.append((link, _exit_mismatch(link.exit, output_type, every=True)))
    return ((end, reason) for end, reason in ends if reason)


def _exit_mismatch(exit_: Exit, expected: object, *, every: bool) -> str:
    """Return the reason why the value of a transition does not fit a type; empty if it does."""
    if exit_.output is not None:
        return value_mismatch(exit_.output.value, expected, every=every)
    if exit_.kind == "catch":
        return mismatch(ErrorOutput, expected, every=every)
    state = exit_.state
    if exit_.case is not None and literals_of(state.output_type) is None and not _decides_by_value(state):
        return mismatch(Union[exit_.case], expected, every=every)  # noqa: UP007  # built at run time
    if state.type == "Pass" and state.output is not None:
        return value_mismatch(state.output.value, expected, every=every)
    return mismatch(state.output_type, expected, every=every)


def _decides_by_value(state: AnyState) -> bool:
    return state.type == "Choice" and (
        not cast("Choice[object, object]", state).is_narrowing or state.output_type is bool
    )


def _describe_end(end: Link | AnyState) -> str:
    if isinstance(end, Link):
        along = " (catch)" if end.exit.kind == "catch" else ""
        return f"{end.exit.state!r}{along} >> {end.target!r} outputs"
    return f"{end!r} outputs"
