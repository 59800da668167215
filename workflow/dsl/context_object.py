"""The context object: Step Functions' data about the current execution, state, task and Map item."""

from __future__ import annotations

from typing import Final, cast

from ..asl.records import Record
from .value_expressions import Reference, Source


class ExecutionContext(Record):
    """The current execution."""

    Id: str
    """Its ARN."""
    Input: object
    """The input of the execution, even inside a nested workflow that has an input of its own."""
    Name: str
    StartTime: str
    """ISO 8601, in UTC; the same for every attempt."""
    RoleArn: str
    RedriveCount: int
    RedriveTime: str


class StateContext(Record):
    """The current state."""

    EnteredTime: str
    Name: str
    RetryCount: int


class MachineContext(Record):
    """The current state machine."""

    Id: str
    Name: str


class TaskContext(Record):
    """The current task."""

    Token: str
    """The token to return with SendTaskSuccess or SendTaskFailure, in tasks that wait for it."""


class ItemContext(Record):
    """The current item of a Map."""

    Index: int
    Value: object
    Key: str
    Source: str


class MapContext(Record):
    """The current Map."""

    Item: ItemContext


class ContextObject(Record):
    """The whole context object. Source: developer guide, "Accessing execution data from the Context object"."""

    Execution: ExecutionContext
    State: StateContext
    StateMachine: MachineContext
    Task: TaskContext
    Map: MapContext


context: Final = cast("ContextObject", Reference(Source("context"), ContextObject))
"""The context object of the state in which it is used."""
