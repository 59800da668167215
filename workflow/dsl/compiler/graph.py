"""The graph of one scope: built and checked when a workflow's class is created, flattened when it is compiled.

Longer than 250 lines because building, checking and flattening use the same two types, graphs and links.
"""

from __future__ import annotations

import copy
from collections.abc import Iterable, Iterator, Mapping
from typing import TYPE_CHECKING, Never, cast

from ...asl.limits import MAX_STATE_NAME_LENGTH
from ...asl.records import copy_with
from ...failures import NotExhaustive, NotReached, WorkflowError, WrongJoin
from ..payload_schema import name_of
from ..states.basic_states import Choice, Fail, Pass, Succeed
from ..states.transitions import (
    END,
    AnyState,
    Catching,
    Chain,
    Edge,
    End,
    Exit,
    Link,
    State,
    check_order,
    set_name,
    states_in,
)
from ..value_expressions import Reference, Source, source_and_path
from .scope_graph import Home, ScopeGraph

if TYPE_CHECKING:
    from ..states.fragments import Inline


def graph_of(name: str, body: Mapping[str, object]) -> ScopeGraph:
    """Build the graph of a class body; raises WorkflowError if it is invalid."""
    start = body.get("start")
    if not isinstance(start, State) or isinstance(start, End):
        raise WorkflowError(f"{name} has no start: write `start = <its first state>`")
    flow = body.get("flow", ())
    chains = cast("Iterable[object]", flow if isinstance(flow, tuple | list) else (flow,))
    graph = ScopeGraph(
        cast("AnyState", start),
        _states_by_name(name, body),
        tuple(_links(name, chains)),
        declared=_declared_variables(body),
    )
    _check_joins(name, graph)
    _check_catches(graph)
    _check_reachable(name, graph)
    for state in graph.states.values():
        if state.type == "Choice":
            _check_choice(cast("Choice[object, object]", state), graph)
    for state in graph.states.values():
        state.workflow_name = name
    return graph


def _declared_variables(body: Mapping[str, object]) -> frozenset[str]:
    sources = [source_and_path(value) for value in body.values() if isinstance(value, Reference)]
    return frozenset(source.name for source, path in sources if source.root == "variable" and not path)


def has_states(body: Mapping[str, object]) -> bool:
    """Return whether a class body contains a state."""
    return any(True for _ in _states_in_body(body))


def _states_by_name(name: str, body: Mapping[str, object]) -> dict[str, AnyState]:
    states: dict[str, AnyState] = {}
    for state in _states_in_body(body):
        if states.setdefault(state.name, state) is not state:
            raise WorkflowError(f"{name}: two states are named {state.name}", at=state)
        if state.workflow_name:
            raise WorkflowError(
                f"{name}: {state.name} is already part of {state.workflow_name}: use another state or an Inline",
                at=state,
            )
        if len(state.name) > MAX_STATE_NAME_LENGTH:
            raise WorkflowError(
                f"{name}: the name {state.name} must have at most {MAX_STATE_NAME_LENGTH} characters, "
                f"got {len(state.name)}",
                at=state,
            )
    return states


def _states_in_body(body: Mapping[str, object]) -> Iterator[AnyState]:
    for attribute, value in body.items():
        if attribute != "flow":
            set_name(value, attribute)
        yield from (state for _, state in states_in(value, attribute))


def _links(name: str, flow: Iterable[object]) -> Iterable[Link]:
    for chain in flow:
        if isinstance(chain, Edge):
            exit_ = cast("Edge[object]", chain).exits()[0]
            raise WrongJoin(f"{name}: the {exit_.kind} transition of {exit_.state!r} has no target", at=exit_.state)
        if not isinstance(chain, Chain):
            raise WrongJoin(f"{name}: flow must contain transitions such as `a >> b`, got {chain!r}")
        yield from cast("Chain[object, object]", chain).links


def _check_joins(name: str, graph: ScopeGraph) -> None:
    single: dict[tuple[int, str], Link] = {}
    for link in graph.links:
        for state in (link.exit.state, link.target):
            if not isinstance(state, End) and graph.states.get(state.name) is not state:
                raise WrongJoin(f"{name}: {state!r} is in the flow but is not an attribute of the workflow", at=link)
        if isinstance(link.target, End) and link.exit.kind != "next":
            raise WrongJoin(
                f"{name}: the {link.exit.kind} transition of {link.exit.state!r} must lead to a state, not to END: "
                "add a Succeed()",
                at=link,
            )
        if link.exit.kind in ("next", "default"):
            previous = single.setdefault((id(link.exit.state), link.exit.kind), link)
            if previous is not link:
                raise WrongJoin(
                    f"{name}: {link.exit.state!r} already has a transition to {previous.target!r}, so it cannot have "
                    f"one to {link.target!r}; write each transition once",
                    at=link,
                )


def _check_catches(graph: ScopeGraph) -> None:
    for state in graph.states.values():
        check_order(state, "catcher", [link.exit.errors for link in graph.out_of(state, "catch")])


def _check_reachable(name: str, graph: ScopeGraph) -> None:
    reachable = graph.reachable()
    unreachable = [state for state, value in graph.states.items() if id(value) not in reachable]
    if unreachable:
        raise NotReached(
            f"{name}: no path from {graph.start!r} leads to {', '.join(unreachable)}", at=graph.states[unreachable[0]]
        )
    for state in graph.states.values():
        if state.type not in ("Choice", "Succeed", "Fail") and not graph.out_of(state, "next"):
            raise WrongJoin(f"{name}: {state!r} has no transition: add one to a state, or to END", at=state)
    if not any(_is_end(link.target) for link in graph.links) and not _is_end(graph.start):
        raise WrongJoin(f"{name}: no path ends: add a transition to END, a Succeed or a Fail", at=graph.start)


def _is_end(state: AnyState) -> bool:
    return isinstance(state, End | Succeed | Fail)


def _check_choice(choice: Choice[object, object], graph: ScopeGraph) -> None:
    rules = graph.out_of(choice, "choice")
    if not rules:
        raise WorkflowError(f"{choice!r} has no choice rule: add case(), equals() or when()", at=choice)
    decided = [member for link in rules if link.exit.case is not None for member in link.exit.case]
    repeated = [member for index, member in enumerate(decided) if member in decided[:index]]
    if repeated:
        raise WrongJoin(
            f"{choice!r} has two transitions for {_format_alternatives(repeated)}, and never takes the second",
            at=choice,
        )
    if graph.out_of(choice, "default"):
        return
    if _root_of(choice.subject) == "input":
        raise NotExhaustive(
            f"{choice!r} decides by the input of the workflow, which may be any JSON: add a transition for `otherwise`",
            at=choice,
        )
    uncovered = [member for member in choice.alternatives() if member not in decided]
    if uncovered:
        raise NotExhaustive(
            f"{choice!r} has no transition for {_format_alternatives(uncovered)}: add it, or `otherwise`", at=choice
        )


def _format_alternatives(alternatives: Iterable[object]) -> str:
    return ", ".join(name_of(member) if isinstance(member, type) else repr(member) for member in alternatives)


def _root_of(subject: object) -> str:
    return source_and_path(subject)[0].root if isinstance(subject, Reference) else ""


def machine_graph(graph: ScopeGraph) -> ScopeGraph:
    """Return the graph of a state machine, with its fragments expanded."""
    home = Home(graph.start, "", True, {id(state): state for state in graph.states.values()})
    return _flatten(graph, home)


def nested_graph(graph: ScopeGraph, prefix: str) -> ScopeGraph:
    """Return the graph of a branch or Map processor: copies of its states, with the outer state's name as a prefix."""
    return _flatten(*_copy_scope(graph, prefix, is_machine=False))


def _copy_scope(graph: ScopeGraph, prefix: str, *, is_machine: bool) -> tuple[ScopeGraph, Home]:
    copies: dict[int, AnyState] = {id(state): _copy_with_prefix(state, prefix) for state in graph.states.values()}

    def copy_of(state: AnyState) -> AnyState:
        return copies.get(id(state), state)

    links = tuple(
        Link(copy_with(link.exit, state=copy_of(link.exit.state)), copy_of(link.target), link.source_line)
        for link in graph.links
    )
    states = {state.name: state for state in copies.values()}
    home = Home(copy_of(graph.start), prefix, is_machine, copies)
    return copy_with(graph, start=copy_of(graph.start), states=states, links=links), home


def _copy_with_prefix(state: AnyState, prefix: str) -> AnyState:
    copied = copy.copy(state)
    copied.name = f"{prefix}.{state.name}"
    if len(copied.name) > MAX_STATE_NAME_LENGTH:
        raise WorkflowError(
            f"the name {copied.name} must have at most {MAX_STATE_NAME_LENGTH} characters, got {len(copied.name)}",
            at=state,
        )
    return copied


def _flatten(graph: ScopeGraph, home: Home) -> ScopeGraph:
    """Return the graph with each `Inline` replaced by the states of its workflow."""
    homes: dict[int, Home] = {id(state): home for state in graph.states.values()}
    if not any(state.type == "Inline" for state in graph.states.values()):
        return copy_with(graph, homes=homes)
    states: dict[str, AnyState] = {}
    links = list(graph.links)
    starts: dict[int, AnyState] = {}
    ends: dict[int, tuple[AnyState, ...]] = {}
    for name, state in graph.states.items():
        if state.type == "Inline":
            fragment, inner_home = _copy_scope(
                _replace_succeed_states(cast("Inline[Never, object]", state).workflow.graph), name, is_machine=False
            )
            inner = _flatten(fragment, inner_home)
            homes |= inner.homes
            ends |= inner.ends
            ends[id(state)] = tuple(link.exit.state for link in inner.links if isinstance(link.target, End))
            starts[id(state)] = inner.start
            links = _splice(links, state, inner)
            states |= inner.states
        else:
            states[name] = state
    links = [copy_with(link, target=starts.get(id(link.target), link.target)) for link in links]
    start = starts.get(id(graph.start), graph.start)
    return copy_with(graph, start=start, states=states, links=tuple(links), homes=homes, ends=ends)


def _replace_succeed_states(graph: ScopeGraph) -> ScopeGraph:
    """Return the graph with each Succeed replaced by a Pass that ends it."""
    passes = {
        id(state): _pass_for(cast("Succeed[object]", state))
        for state in graph.states.values()
        if state.type == "Succeed"
    }
    if not passes:
        return graph
    states = {name: passes.get(id(state), state) for name, state in graph.states.items()}
    links = [copy_with(link, target=passes.get(id(link.target), link.target)) for link in graph.links]
    links += [Link(Exit(state, "next"), END) for state in passes.values()]
    return copy_with(graph, start=passes.get(id(graph.start), graph.start), states=states, links=tuple(links))


def _pass_for(succeed: Succeed[object]) -> AnyState:
    output = succeed.output.value if succeed.output is not None else Reference(Source("state_input"))
    return cast("AnyState", Pass(output, name=succeed.name, comment=succeed.comment))


def _splice(links: list[Link], inline: AnyState, inner: ScopeGraph) -> list[Link]:
    """Return the links with a fragment in place of its `Inline`: its ends lead on, its states get the catchers."""
    onward = next(link for link in links if link.exit.state is inline and link.exit.kind == "next")
    caught = [link for link in links if link.exit.state is inline and link.exit.kind == "catch"]
    spliced = [link for link in links if link.exit.state is not inline]
    for link in inner.links:
        spliced.append(copy_with(link, target=onward.target if isinstance(link.target, End) else link.target))
    failing = [cast("AnyState", state) for state in inner.states.values() if isinstance(state, Catching)]
    if caught and not failing:
        raise WrongJoin(f"{inline!r} cannot fail, so there is nothing to catch", at=inline)
    for state in failing:
        spliced += [copy_with(link, exit=copy_with(link.exit, state=state)) for link in caught]
    return spliced
