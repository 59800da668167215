"""The class in which a workflow is written: boxes as attributes, arrows in one tuple.

```
class Booking(Workflow[BookingRequest, BookingResult]):
    work = Invoke(work_fn)
    done = Succeed()

    start = work
    flow = (work >> done,)
```
A workflow is checked when its class is made: what is wrong with it is an error at its import, not at its deployment.
"""

from collections.abc import Iterable, Mapping
from datetime import timedelta
from typing import Any, ClassVar, Generic, TypeVar, cast

from .bindings import Binding, Bindings, BoundValue, Limit
from .definition import Definition
from .expressions import Reference
from .failures import NotExhaustive, NotReached, WorkflowError, WrongJoin
from .json_values import JsonObject
from .lowering import Graph, JsonataLowering
from .states import AnyState, Chain, Choice, Edge, End, Link, State, set_name

In = TypeVar("In")
Out = TypeVar("Out")


class _Namespace(dict[str, object]):
    """The class body's names: a state gets its name when it is assigned, and keeps it for good."""

    def __setitem__(self, name: str, value: object) -> None:
        if name in self and isinstance(self[name], State | Reference) and self[name] is not value:
            raise WorkflowError(f"{name} stands twice in this workflow")
        set_name(value, name)
        super().__setitem__(name, value)


class WorkflowType(type):
    """Names states while the class body runs and builds the graph when it has."""

    graph: Graph

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: object) -> "dict[str, object]":
        return _Namespace()

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **_: object) -> "WorkflowType":
        made = super().__new__(cls, name, bases, dict(body))
        if "start" in body or "flow" in body:
            made.graph = _graph(name, body)
        return made


def _graph(name: str, body: Mapping[str, object]) -> Graph:
    start = body.get("start")
    if not isinstance(start, State):
        raise WorkflowError(f"{name} has no start: write `start = <its first state>`")
    states = _named(body)
    flow = body.get("flow", ())
    links = tuple(_links(name, cast("Iterable[object]", flow if isinstance(flow, tuple | list) else (flow,))))
    graph = Graph(cast("AnyState", start), states, links)
    _check_joins(graph)
    _check_reached(name, graph)
    _check_choices(graph)
    return graph


def _named(body: Mapping[str, object]) -> dict[str, AnyState]:
    states: dict[str, AnyState] = {}
    seen: set[int] = set()
    for value in body.values():
        if isinstance(value, State) and not isinstance(value, End) and id(value) not in seen:
            seen.add(id(value))
            state = cast("AnyState", value)
            if state.name in states:
                raise WorkflowError(f"two states are called {state.name}")
            states[state.name] = state
    return states


def _links(name: str, flow: Iterable[object]) -> Iterable[Link]:
    for chain in flow:
        if isinstance(chain, Edge):
            exit_ = cast("Edge[object]", chain).exits[0]
            raise WrongJoin(f"{name}: {exit_.state!r} has a way out by {exit_.kind} that leads nowhere")
        if not isinstance(chain, Chain):
            raise WrongJoin(f"{name}: flow holds arrows, such as `a >> b`; {chain!r} is none")
        yield from cast("Chain[object]", chain).links


def _check_joins(graph: Graph) -> None:
    single: dict[tuple[int, str], Link] = {}
    for link in graph.links:
        for state in (link.exit.state, link.target):
            if not isinstance(state, End) and graph.states.get(state.name) is not state:
                raise WrongJoin(f"{state!r} is no attribute of this workflow")
        if link.exit.kind in ("next", "default"):
            before = single.setdefault((id(link.exit.state), link.exit.kind), link)
            if before is not link:
                raise WrongJoin(
                    f"{link.exit.state!r} already goes to {before.target!r}, so it cannot go to {link.target!r} too; "
                    "write each arrow once"
                )


def _check_reached(name: str, graph: Graph) -> None:
    reached = {graph.start.name}
    waiting = [graph.start]
    while waiting:
        state = waiting.pop()
        for link in graph.links:
            if link.exit.state is state and link.target.name not in reached:
                reached.add(link.target.name)
                waiting.append(link.target)
    lost = [state for state in graph.states if state not in reached]
    if lost:
        raise NotReached(f"{name}: no path from {graph.start!r} leads to {', '.join(lost)}")
    for state in graph.states.values():
        if not isinstance(state, Choice) and not _ends(state) and not graph.out_of(state, "next"):
            raise WrongJoin(f"{state!r} leads nowhere: join it to a state, or to END")


def _ends(state: AnyState) -> bool:
    return state.type in ("Succeed", "Fail")


def _check_choices(graph: Graph) -> None:
    for state in graph.states.values():
        if isinstance(state, Choice):
            ways = graph.out_of(state, "choice")
            if not ways:
                raise WorkflowError(f"{state!r} has nothing to choose: give it case() or when()")
            if not graph.out_of(state, "default"):
                _check_exhaustive(state, [link.exit.case for link in ways])


def _check_exhaustive(choice: "Choice[object]", cases: list[object]) -> None:
    from .expressions import form_of, place_of
    from .shapes import members_of, name_of

    if isinstance(choice.subject, Reference) and place_of(choice.subject)[0].root == "machine_input":
        raise NotExhaustive(
            f"{choice!r} decides by what the machine was started with, which may be any JSON: say what happens otherwise"
        )
    handled = {member for case in cases if case is not None for member in members_of(case)}
    left = [member for member in members_of(form_of(choice.subject)) if member not in handled]
    if left:
        raise NotExhaustive(
            f"{choice!r} has no way for {', '.join(name_of(member) for member in left)}: add it, or `otherwise`"
        )


class Workflow(Generic[In, Out], metaclass=WorkflowType):
    """A state machine; subclass it with the types of what it is started with and what it gives."""

    timeout: "ClassVar[timedelta | Limit | None]" = None
    """How long an execution may take."""

    @classmethod
    def asl(
        cls,
        bindings: "Mapping[Binding, BoundValue] | Mapping[str, BoundValue] | None" = None,
        *,
        partition: str = "aws",
    ) -> JsonObject:
        """The definition, names bound or placeholders in their places: the same input gives the same bytes.

        Raises Unbound for a name that the workflow does not have, and where only some names are bound.
        """
        bound = Bindings(bindings, partition)
        written: JsonObject = {"Comment": comment} if (comment := _first_sentence(cls.__doc__)) else {}
        written["QueryLanguage"] = "JSONata"
        written |= JsonataLowering(bound).scope(cls.graph)
        if cls.timeout is not None:
            written["TimeoutSeconds"] = bound.seconds(cls.timeout)
        bound.check()
        return written

    @classmethod
    def definition(
        cls,
        bindings: "Mapping[Binding, BoundValue] | Mapping[str, BoundValue] | None" = None,
        *,
        partition: str = "aws",
    ) -> Definition:
        """The definition as a tree to check, run, draw and compare."""
        return Definition(cls.asl(bindings, partition=partition))

    @classmethod
    def required(cls) -> "tuple[Binding, ...]":
        """The names that `asl` binds."""
        bound = Bindings(None, "aws")
        JsonataLowering(bound).scope(cls.graph)
        if cls.timeout is not None:
            bound.seconds(cls.timeout)
        return tuple(bound.asked.values())


def _first_sentence(doc: str | None) -> str | None:
    return doc.strip().split("\n", 1)[0] if doc else None
