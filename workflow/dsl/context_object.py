"""The context object: what Step Functions knows about the execution, the state and the item at hand."""

from __future__ import annotations

from typing import Final, cast

from ..asl.records import Record
from .value_expressions import Reference, Source


class ExecutionContext(Record):
    """The execution that runs."""

    Id: str
    """Its ARN."""
    Input: object
    """Input of the execution, even if a nested workflow has its own input."""
    Name: str
    StartTime: str
    """ISO 8601, in UTC; the same for every attempt."""
    RoleArn: str
    RedriveCount: int
    RedriveTime: str


class StateContext(Record):
    """The state that runs."""

    EnteredTime: str
    Name: str
    RetryCount: int


class MachineContext(Record):
    """The state machine that runs."""

    Id: str
    Name: str


class TaskContext(Record):
    """The task that runs."""

    Token: str
    """The token that SendTaskSuccess and SendTaskFailure want, in tasks that wait for them."""


class ItemContext(Record):
    """The item of a Map that is worked on."""

    Index: int
    Value: object
    Key: str
    Source: str


class MapContext(Record):
    """The Map that runs."""

    Item: ItemContext


class ContextObject(Record):
    """All that Step Functions knows. Source: developer guide, "Accessing execution data from the Context object"."""

    Execution: ExecutionContext
    State: StateContext
    StateMachine: MachineContext
    Task: TaskContext
    Map: MapContext


context: Final = cast("ContextObject", Reference(Source("context"), ContextObject))
"""The context object of the state in which it is used."""
