"""The declared types of a workflow class, which is all that the states with workflows inside know of it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from .compiler.scope_graph import ScopeGraph

In = TypeVar("In")
Out = TypeVar("Out", covariant=True)


class DeclaredTypes(type):
    """The attributes of each workflow class."""

    graph: ScopeGraph
    declared_input: object = object
    """The type of what the workflow is started with."""
    declared_output: object = object
    """The type of what the workflow gives."""


class AnyWorkflow(Generic[In, Out], metaclass=DeclaredTypes):
    """The base of `Workflow`, which also compiles."""
