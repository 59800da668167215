"""The declared types of a workflow class: all that a state with nested workflows needs to know about them."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from .compiler.scope_graph import ScopeGraph

In = TypeVar("In")
Out = TypeVar("Out", covariant=True)


class DeclaredTypes(type):
    """The metaclass with the attributes that every workflow class has."""

    graph: ScopeGraph
    declared_input: object = object
    """The type of the workflow's input."""
    declared_output: object = object
    """The type of the workflow's output."""


class AnyWorkflow(Generic[In, Out], metaclass=DeclaredTypes):
    """The base class of `Workflow`, without the compiler."""
