"""Workflows as parts of others: the check that all states with nested workflows need, and `Inline`."""

from __future__ import annotations

from typing import TYPE_CHECKING, TypeVar

from ...failures import WorkflowError
from .transitions import Catching

if TYPE_CHECKING:
    from builtins import type as Class  # noqa: N812  # in these classes `type` is the state's Type

    from ..workflow_type import AnyWorkflow

I = TypeVar("I", contravariant=True)  # noqa: E741
O = TypeVar("O", covariant=True)  # noqa: E741


class Inline(Catching[I, O]):
    """A workflow whose states become states of the workflow around it, named `<this name>.<state name>`.

    Its input is the input of this state; every END and Succeed in it leads on to the next state.
    """

    type = "Inline"

    def __init__(self, workflow: Class[AnyWorkflow[I, O]], *, name: str | None = None) -> None:
        super().__init__(name=name)
        check_workflow(self, workflow)
        self.workflow = workflow
        self.input_types, self.output_type = (workflow.declared_input,), workflow.declared_output


def check_workflow(owner: object, value: object) -> None:
    """Raise WorkflowError for anything but a workflow."""
    if not (isinstance(value, type) and hasattr(value, "graph")):
        raise WorkflowError(f"{type(owner).__name__}: must be given subclasses of Workflow, got {value!r}")
