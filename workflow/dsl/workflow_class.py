"""The base class of workflows: states are attributes, and the transitions between them are in one tuple.

```
class Booking(Workflow[BookingRequest, BookingResult]):
    work = Invoke(work_fn)
    done = Succeed()

    start = work
    flow = (work >> done,)
```
A workflow is checked when its class is created, so that a mistake is an error on import and not on deployment.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import timedelta
from typing import Any, ClassVar, Final, Generic, cast, get_args

from ..asl.definition import Definition
from ..asl.json_values import JsonObject, json_of
from ..failures import WorkflowError
from .backends import backend_for
from .backends.query_language import QueryLanguage
from .bindings import Binding, Bindings, BoundValue, Limit
from .compiler.emit import check_scope, compile_scope
from .compiler.graph import graph_of, has_states, machine_graph
from .compiler.joins import check_types
from .compiler.scope_graph import ScopeGraph
from .compiler.scoping import ANYWHERE
from .option_checks import check_durations, check_fixed_strings
from .states.transitions import Chain, Ending, State, set_name
from .value_expressions import Reference
from .workflow_type import AnyWorkflow, DeclaredTypes, In, Out

OWN_NAMES: Final = frozenset(
    {
        *("asl", "definition", "flow", "graph", "required", "required_bindings", "timeout"),
        *("compiled_scope", "declared_input", "declared_output"),
    }
)
"""Attributes of `Workflow` itself, which no state can replace; `start` may name a state, because it is one."""
_ROLES: Final = ("start", "flow")
"""Attributes that refer to states but do not name them."""


class _Namespace(dict[str, object]):
    """The namespace of a class body: a state gets its name when it is assigned, and cannot be replaced afterwards."""

    def __setitem__(self, name: str, value: object) -> None:
        if name in OWN_NAMES and _is_state_or_reference(value):
            raise WorkflowError(
                f"{name} is an attribute of every workflow: rename this attribute, and give it name={name!r}"
            )
        if name == "timeout" and not (value is None or isinstance(value, timedelta | Limit)):
            raise WorkflowError(f"timeout must be a timedelta, or a Limit that the deployment sets, got {value!r}")
        if _is_state_or_reference(self.get(name)) and self[name] is not value:
            raise WorkflowError(f"{name} is defined twice in this workflow")
        if name not in _ROLES:
            set_name(value, name)
        super().__setitem__(name, value)


def _is_state_or_reference(value: object) -> bool:
    return isinstance(value, State | Reference)


def _declared_types(body: Mapping[str, object]) -> tuple[object, object] | None:
    """Return the types in `Workflow[…, …]`; None if the class inherits them."""
    for base in cast("tuple[object, ...]", body.get("__orig_bases__", ())):
        arguments = get_args(base)
        if len(arguments) == 2:
            return arguments[0], arguments[1]
    return None


class WorkflowType(DeclaredTypes):
    """The metaclass of workflows: it names states while the class body runs, and builds the graph afterwards."""

    compiled_scope: JsonObject
    """The compiled StartAt and States, in JSONata and with placeholders."""

    @classmethod
    def __prepare__(cls, name: str, bases: tuple[type, ...], /, **_: object) -> dict[str, object]:
        return _Namespace()

    def __new__(cls, name: str, bases: tuple[type, ...], body: dict[str, Any], /, **_: object) -> WorkflowType:
        workflow = super().__new__(cls, name, bases, dict(body))
        declared = _declared_types(body)
        if declared is not None:
            workflow.declared_input, workflow.declared_output = declared
        try:
            workflow._build(body)
        except WorkflowError as error:
            raise error.with_traceback(None) from None
        return workflow

    def _build(cls, body: Mapping[str, object]) -> None:
        if any(role in body for role in _ROLES) or has_states(body):
            cls.graph = graph_of(cls.__name__, body)
            check_types(cls.__name__, cls.graph, cls.declared_input, cls.declared_output)
        if hasattr(cls, "graph"):
            check_durations(cls.__name__, 1, timeout=getattr(cls, "timeout", None))
            bindings, backend = Bindings(None, "aws"), backend_for("JSONata")
            cls.compiled_scope = compile_scope(machine_graph(cls.graph), bindings, backend, ANYWHERE)


class Workflow(AnyWorkflow[In, Out], Generic[In, Out], metaclass=WorkflowType):
    """A state machine; subclass it with the types of its input and its output."""

    timeout: ClassVar[timedelta | Limit | None] = None
    """Maximum duration of an execution."""
    start: State[In, object] | Ending[Any]
    """The first state, which takes the workflow's input."""
    flow: Sequence[Chain[object, Out]]
    """The transitions between the states."""

    @classmethod
    def asl(
        cls,
        bindings: Mapping[Binding, BoundValue] | Mapping[str, BoundValue] | None = None,
        *,
        partition: str = "aws",
        language: QueryLanguage = "JSONata",
    ) -> dict[str, Any]:
        """Return the definition, with values or placeholders for its names; the same input gives the same bytes.

        Raises Unbound for a name that the workflow does not have, and if only some of its names are bound.
        """
        check_fixed_strings(cls.__name__, partition=partition)
        asl_bindings = Bindings(bindings, partition)
        definition: JsonObject = {"Comment": comment} if (comment := _first_sentence(cls.__doc__)) else {}
        definition["QueryLanguage"] = language
        definition |= _scope(cls, asl_bindings, partition, language)
        if cls.timeout is not None:
            definition["TimeoutSeconds"] = asl_bindings.seconds(cls.timeout)
        asl_bindings.check()
        return definition

    @classmethod
    def definition(
        cls,
        bindings: Mapping[Binding, BoundValue] | Mapping[str, BoundValue] | None = None,
        *,
        partition: str = "aws",
        language: QueryLanguage = "JSONata",
    ) -> Definition:
        """Return the definition as a tree that can be checked, run, drawn and compared."""
        return Definition(cls.asl(bindings, partition=partition, language=language))

    @classmethod
    def required_bindings(cls) -> tuple[Binding, ...]:
        """Return the names that `asl` binds."""
        bound = Bindings(None, "aws")
        check_scope(machine_graph(_graph(cls)), bound, backend_for("JSONata"))
        if cls.timeout is not None:
            bound.seconds(cls.timeout)
        return tuple(bound.requested.values())

    required = required_bindings
    """Deprecated: the old name of `required_bindings`."""


def _graph(workflow: type[Workflow[Any, Any]]) -> ScopeGraph:
    if not hasattr(workflow, "graph"):
        raise WorkflowError(f"{workflow.__name__} has no states: add states, `start = …` and `flow = (…,)`")
    return workflow.graph


def _scope(
    workflow: type[Workflow[Any, Any]], bindings: Bindings, partition: str, language: QueryLanguage
) -> JsonObject:
    """Return StartAt and States; those with placeholders were compiled when the class was created."""
    graph, backend = machine_graph(_graph(workflow)), backend_for(language)
    if bindings.given or partition != "aws" or language != "JSONata":
        return compile_scope(graph, bindings, backend)
    check_scope(graph, bindings, backend)
    return cast("JsonObject", json_of(workflow.compiled_scope))


def _first_sentence(doc: str | None) -> str | None:
    return doc.strip().split("\n", 1)[0] if doc else None
